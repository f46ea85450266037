from django.db import migrations

# A quote names the row that it was priced by: what is published is read for ever as it was.
STAYS = """
CREATE FUNCTION billing_check_price_row() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM billing_pricebook b
            WHERE b.id IN (NEW.book_id, COALESCE(OLD.book_id, NEW.book_id))
              AND b.published_at IS NOT NULL) THEN
        RAISE EXCEPTION 'a published price stays as it is'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'a_published_price_stays';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER a_published_price_stays BEFORE INSERT OR UPDATE ON billing_pricerow
    FOR EACH ROW EXECUTE FUNCTION billing_check_price_row()
"""
GOES = """
DROP TRIGGER a_published_price_stays ON billing_pricerow;
DROP FUNCTION billing_check_price_row()
"""


class Migration(migrations.Migration):
    dependencies = [("billing", "0013_prices_by_region_volume_and_season")]

    operations = [migrations.RunSQL(STAYS, GOES)]
