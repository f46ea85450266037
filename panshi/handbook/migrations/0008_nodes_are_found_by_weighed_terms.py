import django.contrib.postgres.fields
import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models

import panshi.kit.ids
from panshi.kit import walls

# BM25F with k = 1.2 and b = 0.75: how often a term stands in each field of a node, against the
# field's mean length, weighed by the field. Names stand in letter A of the node's own document,
# summary and steps in B, its body in D; clauses and reasons of steps are documents of their own.
WEIGH = """
CREATE FUNCTION handbook_weigh_terms(org integer) RETURNS void
LANGUAGE sql SET search_path = public AS $$
    DELETE FROM handbook_searchterm WHERE org_id = org;
    INSERT INTO handbook_searchterm (id, org_id, term, nodes, weights)
    WITH found AS (
        SELECT d.node_id, u.lexeme AS term, f.field, f.weight, count(*) AS n
        FROM handbook_searchdocument d
        CROSS JOIN LATERAL unnest(d.terms) AS u
        CROSS JOIN LATERAL unnest(u.weights) AS w (letter)
        JOIN (VALUES ('NODE', 'A', 1, 6.0), ('NODE', 'B', 2, 1.5), ('STEP', 'C', 2, 1.5),
            ('NODE', 'D', 3, 1.0), ('CLAUSE', 'C', 4, 1.0), ('CASE', 'B', 5, 0.7),
            ('CASE', 'C', 5, 0.7)) AS f (kind, letter, field, weight)
            ON f.kind = d.kind AND f.letter = w.letter
        WHERE d.org_id = org GROUP BY 1, 2, 3, 4
    ), lengths AS (
        SELECT node_id, field, sum(n) AS length FROM found GROUP BY 1, 2
    ), means AS (
        SELECT field, sum(length) / (SELECT count(DISTINCT node_id) FROM found) AS mean
        FROM lengths GROUP BY 1
    ), seen AS (
        SELECT node_id, term, sum(weight * n / (0.25 + 0.75 * length / mean))::float8 AS x
        FROM found JOIN lengths USING (node_id, field) JOIN means USING (field) GROUP BY 1, 2
    )
    SELECT gen_random_uuid(), org, term, array_agg(node_id), array_agg(2.2 * x / (1.2 + x))
    FROM seen WHERE length(term) <= 40 GROUP BY term
$$;
GRANT EXECUTE ON FUNCTION handbook_weigh_terms(integer) TO panshi_app, panshi_hq
"""
# What older installations can find already is weighed too; only headquarters sees every org.
FILL = """
SET LOCAL ROLE panshi_hq;
SELECT handbook_weigh_terms(org_id) FROM (SELECT DISTINCT org_id FROM handbook_searchdocument) AS o;
RESET ROLE
"""


class Migration(migrations.Migration):
    dependencies = [("handbook", "0007_cities_have_a_day_of_launch")]

    operations = [
        migrations.CreateModel(
            name="SearchTerm",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=panshi.kit.ids.uuid7,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(), editable=False
                    ),
                ),
                ("term", models.CharField(max_length=40)),
                (
                    "nodes",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.UUIDField(), size=None
                    ),
                ),
                (
                    "weights",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.FloatField(), size=None
                    ),
                ),
                (
                    "org",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="org.orgnode",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("term", "org"), name="search_term_once")
                ],
            },
        ),
        *walls.tenant("handbook_searchterm", grants="SELECT, INSERT, DELETE"),
        migrations.RunSQL(
            "CREATE POLICY hq_content ON handbook_searchterm FOR SELECT"
            " TO panshi_app, panshi_report"
            " USING (org_id = (SELECT handbook_hq_org()))",
            "DROP POLICY hq_content ON handbook_searchterm",
        ),
        migrations.RunSQL(WEIGH, "DROP FUNCTION handbook_weigh_terms(integer)"),
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
        migrations.RunSQL(
            "SET LOCAL ROLE panshi_hq; DROP FUNCTION handbook_search(text[], integer[], integer);"
            " RESET ROLE",
            migrations.RunSQL.noop,
        ),
        migrations.RemoveIndex(model_name="searchdocument", name="search_terms"),
        migrations.RemoveField(model_name="edition", name="common_terms"),
    ]
