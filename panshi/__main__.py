from panshi.config.command import main

if __name__ == "__main__":  # Helper processes import this file under another name.
    main(prog_name="panshi")
