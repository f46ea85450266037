from panshi.config.command import main

main(prog_name="panshi")
