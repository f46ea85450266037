from django.db import migrations

from panshi.kit import walls

GUARDS = """
CREATE FUNCTION handbook_refuse_sat_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'attempt % is over and does not change', OLD.id
        USING ERRCODE = 'check_violation';
END $$;
CREATE TRIGGER handbook_attempt_is_over BEFORE UPDATE OR DELETE ON handbook_attempt
FOR EACH ROW WHEN (OLD.state IN ('PASSED', 'FAILED')) EXECUTE FUNCTION handbook_refuse_sat_change();
CREATE TRIGGER handbook_attemptquestion_is_graded BEFORE UPDATE OR DELETE
ON handbook_attemptquestion
FOR EACH ROW WHEN (OLD."right" IS NOT NULL) EXECUTE FUNCTION handbook_refuse_sat_change();

CREATE FUNCTION handbook_refuse_question_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'question % is retired or kept, never rewritten', OLD.id
        USING ERRCODE = 'check_violation';
END $$;
CREATE TRIGGER handbook_question_stands BEFORE UPDATE ON handbook_question
FOR EACH ROW WHEN (OLD.sha256 <> NEW.sha256 OR OLD.options IS DISTINCT FROM NEW.options
    OR OLD.answer IS DISTINCT FROM NEW.answer OR OLD.zh <> NEW.zh)
EXECUTE FUNCTION handbook_refuse_question_change()
"""
NO_GUARDS = """
DROP TRIGGER handbook_question_stands ON handbook_question;
DROP FUNCTION handbook_refuse_question_change();
DROP TRIGGER handbook_attemptquestion_is_graded ON handbook_attemptquestion;
DROP TRIGGER handbook_attempt_is_over ON handbook_attempt;
DROP FUNCTION handbook_refuse_sat_change()
"""
# What the platform asks is read in every org, and written by the platform alone.
READ = ";".join(
    f"CREATE POLICY hq_content ON {table} FOR SELECT TO panshi_app, panshi_report"
    " USING (org_id = (SELECT handbook_hq_org()))"
    for table in ("handbook_question", "handbook_exam")
)
NOT_READ = "DROP POLICY hq_content ON handbook_exam; DROP POLICY hq_content ON handbook_question"
# Runs that began under an edition withdrawn later still read it.
SEEN = """
DROP POLICY hq_content ON handbook_edition;
CREATE POLICY hq_content ON handbook_edition FOR SELECT TO panshi_app, panshi_report
USING (org_id = (SELECT handbook_hq_org()) AND state IN ({states}))
"""


class Migration(migrations.Migration):
    dependencies = [("handbook", "0004_exams_and_quizzes")]

    operations = [
        *walls.tenant("handbook_question"),
        *walls.tenant("handbook_exam"),
        *walls.tenant("handbook_attempt"),
        *walls.tenant("handbook_attemptquestion"),
        *walls.tenant("handbook_practice", grants="SELECT, INSERT"),
        *walls.tenant("handbook_quiztry", grants="SELECT, INSERT"),
        *walls.tenant("handbook_approval", grants="SELECT, INSERT"),
        *walls.append_only("handbook_practice"),
        *walls.append_only("handbook_quiztry"),
        *walls.append_only("handbook_approval"),
        *walls.audited("handbook_exam"),
        *walls.audited("handbook_attempt"),
        *walls.audited("handbook_question"),
        migrations.RunSQL(READ, NOT_READ),
        # A draft is written anew with its steps; those of an approved text are kept by a trigger.
        migrations.RunSQL(
            "GRANT DELETE ON handbook_step TO panshi_app, panshi_hq",
            "REVOKE DELETE ON handbook_step FROM panshi_app, panshi_hq",
        ),
        migrations.RunSQL(
            SEEN.format(states="'RELEASED', 'SUPERSEDED', 'WITHDRAWN'"),
            SEEN.format(states="'RELEASED', 'SUPERSEDED'"),
        ),
        migrations.RunSQL(GUARDS, NO_GUARDS),
    ]
