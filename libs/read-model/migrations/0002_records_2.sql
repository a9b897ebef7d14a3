-- Generated from src/schema, but for the dropping of records_1, which is served until records_2 is (serve_records_2).
CREATE TABLE "clientele"."records_2" (
	"id" uuid PRIMARY KEY NOT NULL,
	"type" text NOT NULL,
	"provider" text NOT NULL,
	"source" text NOT NULL,
	"entity" text NOT NULL,
	"external_id" text NOT NULL,
	"version" integer NOT NULL,
	"lifecycle" text NOT NULL,
	"complete" boolean NOT NULL,
	"dirty_since" timestamp with time zone,
	"status" text,
	"survivor_entity" text,
	"survivor_external_id" text,
	"fields" json NOT NULL,
	"source_fields" json,
	"external_references" json NOT NULL,
	"converted_into" json,
	"conversion_keys" text[],
	"state" json NOT NULL,
	"search" "tsvector" NOT NULL,
	"created_at" timestamp with time zone NOT NULL,
	"updated_at" timestamp with time zone NOT NULL,
	"position" bigint NOT NULL
);
--> statement-breakpoint
CREATE INDEX "records_2_external_id" ON "clientele"."records_2" USING btree ("external_id","source","entity");--> statement-breakpoint
CREATE INDEX "records_2_updated_at" ON "clientele"."records_2" USING btree ("type","updated_at","id");--> statement-breakpoint
CREATE INDEX "records_2_created_at" ON "clientele"."records_2" USING btree ("type","created_at","id");--> statement-breakpoint
CREATE INDEX "records_2_status" ON "clientele"."records_2" USING btree ("type","status","updated_at","id");--> statement-breakpoint
CREATE INDEX "records_2_search" ON "clientele"."records_2" USING gin ("search");--> statement-breakpoint
CREATE INDEX "records_2_conversions" ON "clientele"."records_2" USING gin ("conversion_keys") WHERE "clientele"."records_2"."conversion_keys" is not null;--> statement-breakpoint
CREATE INDEX "records_2_dirty" ON "clientele"."records_2" USING btree ("type","updated_at","id") WHERE "clientele"."records_2"."dirty_since" is not null;--> statement-breakpoint
CREATE INDEX "records_2_incomplete" ON "clientele"."records_2" USING btree ("type","updated_at","id") WHERE not "clientele"."records_2"."complete";--> statement-breakpoint
CREATE INDEX "records_2_superseded" ON "clientele"."records_2" USING btree ("type","updated_at","id") WHERE "clientele"."records_2"."survivor_external_id" is not null;
--> statement-breakpoint
-- What queries of this version read; the first version has none of it. A column is never taken out: queries of the version before may run.
CREATE OR REPLACE VIEW "published"."records" AS
SELECT "id", "type", "source", "entity", "external_id", "version", "lifecycle", "complete", "dirty_since", "status", "superseded_by",
  "fields"::text AS "fields", "source_fields"::text AS "source_fields", "external_references"::text AS "external_references",
  "search", "created_at", "updated_at", "position",
  NULL::text AS "survivor_entity", NULL::text AS "survivor_external_id", NULL::text AS "converted_into", NULL::text[] AS "conversion_keys"
FROM "clientele"."records_1";
--> statement-breakpoint
-- Serves the second version of the records once it has come as far as the first stands, which nobody writes any more, and takes the first
-- away; at once where the first holds nothing, or holds another log. Answers whether the second is served. It runs with the owner's rights, so
-- that the projector's role needs none to replace or drop; a lock that is not had within a second fails the call, for queries wait behind it.
CREATE FUNCTION "clientele"."serve_records_2"() RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog SET lock_timeout = '1s' AS $$
DECLARE
  served clientele.projection_checkpoints;
  built clientele.projection_checkpoints;
BEGIN
  IF (SELECT active_version FROM clientele.projections WHERE name = 'records') >= 2 THEN
    RETURN true;
  END IF;
  SELECT * INTO served FROM clientele.projection_checkpoints WHERE name = 'records' AND version = 1;
  SELECT * INTO built FROM clientele.projection_checkpoints WHERE name = 'records' AND version = 2;
  IF coalesce(served.position, 0) > 0 AND (coalesce(built.position, 0) = 0 OR (built.incarnation = served.incarnation AND built.position < served.position)) THEN
    RETURN false;
  END IF;

  CREATE OR REPLACE VIEW published.records AS
  SELECT id, type, source, entity, external_id, version, lifecycle, complete, dirty_since, status, NULL::uuid AS superseded_by,
    fields::text AS fields, source_fields::text AS source_fields, external_references::text AS external_references,
    search, created_at, updated_at, position,
    survivor_entity, survivor_external_id, converted_into::text AS converted_into, conversion_keys
  FROM clientele.records_2;
  UPDATE clientele.projections SET active_version = 2 WHERE name = 'records';
  DELETE FROM clientele.projection_checkpoints WHERE name = 'records' AND version = 1;
  DELETE FROM clientele.parked_rows WHERE name = 'records' AND version = 1;
  DROP TABLE clientele.records_1;
  RETURN true;
END $$;
--> statement-breakpoint
REVOKE ALL ON FUNCTION "clientele"."serve_records_2"() FROM PUBLIC;
--> statement-breakpoint
SELECT "clientele"."serve_records_2"();
