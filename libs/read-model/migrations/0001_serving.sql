-- What drizzle-kit cannot declare: partitions, the SQL views that are served, and the upkeep of the daily partitions.

-- Days that have no partition of their own: before the first start, or beyond the retention.
CREATE TABLE "clientele"."changes_1_default" PARTITION OF "clientele"."changes_1" DEFAULT;
--> statement-breakpoint
CREATE INDEX "changes_1_default_recorded_at" ON "clientele"."changes_1_default" ("recorded_at");
--> statement-breakpoint
INSERT INTO "clientele"."projections" ("name", "active_version") VALUES ('records', 1), ('changes', 1);
--> statement-breakpoint
-- Documents go out as text: a driver that parses json would round their numbers.
CREATE VIEW "published"."records" AS
SELECT "id", "type", "source", "entity", "external_id", "version", "lifecycle", "complete", "dirty_since", "status", "superseded_by",
  "fields"::text AS "fields", "source_fields"::text AS "source_fields", "external_references"::text AS "external_references",
  "search", "created_at", "updated_at", "position"
FROM "clientele"."records_1";
--> statement-breakpoint
CREATE VIEW "published"."changes" AS
SELECT "day", "id", "event_type", "provider", "source", "entity", "aggregate_type", "external_id", "data"::text AS "data",
  "metadata"::text AS "metadata", "occurred_at", "status", "outcome", "reason", "errors"::text AS "errors",
  "warnings"::text AS "warnings", "received_at", "processed_at", "aggregate_id", "position"
FROM "clientele"."changes_1";
--> statement-breakpoint
CREATE VIEW "published"."checkpoints" AS
SELECT c."name", c."incarnation", c."position", c."recorded_at", c."updated_at"
FROM "clientele"."projection_checkpoints" c
JOIN "clientele"."projections" p ON p."name" = c."name" AND p."active_version" = c."version";
--> statement-breakpoint
-- Makes the daily partitions around today and drops those that are older than `keep_days`, saving what is parked. Runs with the owner's
-- rights, so that the projector's role needs none to create or drop. Safe to call at any time and again; a lock that is not had within a
-- second fails the call, for queries wait behind it.
CREATE FUNCTION "clientele"."maintain_changes"("view_version" integer, "today" date, "keep_days" integer) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog SET lock_timeout = '1s' AS $$
DECLARE
  parent constant text := format('changes_%s', view_version);
  parents_default constant text := format('changes_%s_default', view_version);
  leaf text;
  leafs_day date;
BEGIN
  FOR leafs_day IN SELECT d::date FROM generate_series(today - 1, today + 2, interval '1 day') d LOOP
    leaf := format('%s_%s', parent, to_char(leafs_day, 'YYYYMMDD'));
    CONTINUE WHEN to_regclass(format('clientele.%I', leaf)) IS NOT NULL;
    -- Rows of the day may stand in the default partition; a partition for it is only taken in once they are out of there.
    EXECUTE format('LOCK TABLE clientele.%I IN ACCESS EXCLUSIVE MODE', parents_default);
    EXECUTE format('CREATE TABLE clientele.%I (LIKE clientele.%I INCLUDING DEFAULTS INCLUDING CONSTRAINTS)', leaf, parent);
    EXECUTE format('WITH moved AS (DELETE FROM clientele.%I WHERE day = %L RETURNING *) INSERT INTO clientele.%I SELECT * FROM moved',
      parents_default, leafs_day, leaf);
    EXECUTE format('ALTER TABLE clientele.%I ATTACH PARTITION clientele.%I FOR VALUES FROM (%L) TO (%L)', parent, leaf, leafs_day, leafs_day + 1);
  END LOOP;

  FOR leaf, leafs_day IN
    SELECT c.relname, to_date(substr(c.relname, length(parent) + 2), 'YYYYMMDD')
    FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
    WHERE i.inhparent = to_regclass(format('clientele.%I', parent)) AND c.relname <> parents_default
  LOOP
    CONTINUE WHEN leafs_day >= today - keep_days;
    EXECUTE format('ALTER TABLE clientele.%I DETACH PARTITION clientele.%I', parent, leaf);
    EXECUTE format('INSERT INTO clientele.%I SELECT * FROM clientele.%I WHERE status = ''parked''', parent, leaf);
    EXECUTE format('DROP TABLE clientele.%I', leaf);
  END LOOP;
END $$;
--> statement-breakpoint
REVOKE ALL ON FUNCTION "clientele"."maintain_changes"(integer, date, integer) FROM PUBLIC;
