CREATE SCHEMA "clientele";
--> statement-breakpoint
CREATE SCHEMA "published";
--> statement-breakpoint
CREATE TABLE "clientele"."records_1" (
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
	"superseded_by" uuid,
	"fields" json NOT NULL,
	"source_fields" json,
	"external_references" json NOT NULL,
	"state" json NOT NULL,
	"search" "tsvector" NOT NULL,
	"created_at" timestamp with time zone NOT NULL,
	"updated_at" timestamp with time zone NOT NULL,
	"position" bigint NOT NULL
);
--> statement-breakpoint
CREATE TABLE "clientele"."changes_1" (
	"day" date NOT NULL,
	"id" text NOT NULL,
	"event_type" text,
	"provider" text NOT NULL,
	"source" text NOT NULL,
	"entity" text NOT NULL,
	"aggregate_type" text,
	"external_id" text,
	"data" json NOT NULL,
	"metadata" json NOT NULL,
	"occurred_at" timestamp with time zone NOT NULL,
	"status" text NOT NULL,
	"outcome" text,
	"reason" text,
	"errors" json NOT NULL,
	"warnings" json NOT NULL,
	"received_at" timestamp with time zone NOT NULL,
	"processed_at" timestamp with time zone,
	"aggregate_id" uuid,
	"position" bigint NOT NULL,
	"recorded_at" timestamp with time zone NOT NULL,
	CONSTRAINT "changes_1_day_id_pk" PRIMARY KEY("day","id")
) PARTITION BY RANGE ("day");
--> statement-breakpoint
CREATE TABLE "clientele"."parked_rows" (
	"name" text NOT NULL,
	"version" integer NOT NULL,
	"key" text NOT NULL,
	"position" bigint NOT NULL,
	"reason" text NOT NULL,
	"waiting" integer DEFAULT 0 NOT NULL,
	"last_position" bigint NOT NULL,
	"parked_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "parked_rows_name_version_key_pk" PRIMARY KEY("name","version","key")
);
--> statement-breakpoint
CREATE TABLE "clientele"."projection_checkpoints" (
	"name" text NOT NULL,
	"version" integer NOT NULL,
	"incarnation" text,
	"position" bigint DEFAULT '0' NOT NULL,
	"epoch" bigint DEFAULT 0 NOT NULL,
	"recorded_at" timestamp with time zone,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "projection_checkpoints_name_version_pk" PRIMARY KEY("name","version")
);
--> statement-breakpoint
CREATE TABLE "clientele"."projections" (
	"name" text PRIMARY KEY NOT NULL,
	"active_version" integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE "clientele"."lease_members" (
	"pool" text NOT NULL,
	"member" uuid NOT NULL,
	"expires_at" timestamp with time zone NOT NULL,
	CONSTRAINT "lease_members_pool_member_pk" PRIMARY KEY("pool","member")
);
--> statement-breakpoint
CREATE TABLE "clientele"."leases" (
	"name" text PRIMARY KEY NOT NULL,
	"owner" uuid,
	"epoch" bigint DEFAULT 0 NOT NULL,
	"expires_at" timestamp with time zone DEFAULT '-infinity' NOT NULL
);
--> statement-breakpoint
CREATE INDEX "records_1_external_id" ON "clientele"."records_1" USING btree ("external_id","source","entity");--> statement-breakpoint
CREATE INDEX "records_1_updated_at" ON "clientele"."records_1" USING btree ("type","updated_at","id");--> statement-breakpoint
CREATE INDEX "records_1_created_at" ON "clientele"."records_1" USING btree ("type","created_at","id");--> statement-breakpoint
CREATE INDEX "records_1_status" ON "clientele"."records_1" USING btree ("type","status","updated_at","id");--> statement-breakpoint
CREATE INDEX "records_1_search" ON "clientele"."records_1" USING gin ("search");