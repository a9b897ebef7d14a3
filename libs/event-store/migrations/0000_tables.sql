-- Generated from src/schema, but for PARTITION BY, which Drizzle cannot declare.
CREATE SCHEMA IF NOT EXISTS "clientele";
--> statement-breakpoint
CREATE TABLE "clientele"."append_results" (
	"command_id" text NOT NULL,
	"stream_id" uuid NOT NULL,
	"first_position" bigint NOT NULL,
	"last_position" bigint NOT NULL,
	"version" bigint NOT NULL,
	"recorded_at" timestamp with time zone NOT NULL,
	CONSTRAINT "append_results_pkey" PRIMARY KEY("command_id","stream_id")
);
--> statement-breakpoint
CREATE TABLE "clientele"."events" (
	"position" bigint PRIMARY KEY NOT NULL,
	"id" uuid NOT NULL,
	"kind" text NOT NULL,
	"stream_id" uuid,
	"stream_type" text,
	"version" bigint,
	"type" text NOT NULL,
	"schema_version" integer NOT NULL,
	"data" json NOT NULL,
	"personal" json,
	"metadata" json NOT NULL,
	"occurred_at" timestamp with time zone,
	"recorded_at" timestamp with time zone NOT NULL
) PARTITION BY RANGE ("position");
--> statement-breakpoint
CREATE TABLE "clientele"."heads" (
	"stream_id" uuid PRIMARY KEY NOT NULL,
	"stream_type" text NOT NULL,
	"version" bigint NOT NULL,
	"first_position" bigint NOT NULL,
	"last_position" bigint NOT NULL
);
--> statement-breakpoint
CREATE TABLE "clientele"."log_head" (
	"singleton" boolean PRIMARY KEY DEFAULT true NOT NULL,
	"incarnation" uuid DEFAULT gen_random_uuid() NOT NULL,
	"position" bigint DEFAULT 0 NOT NULL,
	"partitioned_to" bigint DEFAULT 0 NOT NULL,
	"lanes" integer,
	CONSTRAINT "log_head_singleton" CHECK ("clientele"."log_head"."singleton")
);
--> statement-breakpoint
CREATE TABLE "clientele"."mappings" (
	"source" text NOT NULL,
	"entity" text NOT NULL,
	"external_id" text NOT NULL,
	"aggregate_id" uuid NOT NULL,
	"linked_at" timestamp with time zone NOT NULL,
	"linked_by" text NOT NULL,
	CONSTRAINT "mappings_pkey" PRIMARY KEY("source","entity","external_id")
);
--> statement-breakpoint
CREATE TABLE "clientele"."accepted_counts" (
	"source" text PRIMARY KEY NOT NULL,
	"accepted" bigint DEFAULT 0 NOT NULL,
	"lost" bigint DEFAULT 0 NOT NULL,
	"repeats" bigint DEFAULT 0 NOT NULL
);
--> statement-breakpoint
CREATE TABLE "clientele"."ledger" (
	"command_id" text NOT NULL,
	"day" date NOT NULL,
	"command_type" text NOT NULL,
	"provider" text NOT NULL,
	"source" text,
	"outcome" text NOT NULL,
	"reason" text,
	"errors" json NOT NULL,
	"aggregate_id" uuid,
	"repeats" integer DEFAULT 0 NOT NULL,
	"received_at" timestamp with time zone NOT NULL,
	"decided_at" timestamp with time zone NOT NULL,
	"payload" json,
	CONSTRAINT "ledger_pkey" PRIMARY KEY("command_id","day")
) PARTITION BY RANGE ("day");
--> statement-breakpoint
CREATE TABLE "clientele"."ledger_counts" (
	"source" text NOT NULL,
	"outcome" text NOT NULL,
	"rows" bigint NOT NULL,
	CONSTRAINT "ledger_counts_pkey" PRIMARY KEY("source","outcome")
);
--> statement-breakpoint
CREATE TABLE "clientele"."lane_checkpoints" (
	"lane" text PRIMARY KEY NOT NULL,
	"epoch" bigint NOT NULL,
	"incarnation" text,
	"sequence" bigint,
	"pending" bigint DEFAULT 0 NOT NULL,
	"moved_at" timestamp with time zone DEFAULT clock_timestamp() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "clientele"."lane_publishers" (
	"lane" text NOT NULL,
	"publisher" text NOT NULL,
	"next_number" bigint NOT NULL,
	"moved_at" timestamp with time zone NOT NULL,
	CONSTRAINT "lane_publishers_pkey" PRIMARY KEY("lane","publisher")
);
--> statement-breakpoint
CREATE TABLE "clientele"."lease_members" (
	"pool" text NOT NULL,
	"member" uuid NOT NULL,
	"expires_at" timestamp with time zone NOT NULL,
	CONSTRAINT "lease_members_pkey" PRIMARY KEY("pool","member")
);
--> statement-breakpoint
CREATE TABLE "clientele"."leases" (
	"name" text PRIMARY KEY NOT NULL,
	"owner" uuid,
	"epoch" bigint DEFAULT 0 NOT NULL,
	"expires_at" timestamp with time zone DEFAULT '-infinity' NOT NULL
);
--> statement-breakpoint
CREATE TABLE "clientele"."relay_state" (
	"singleton" boolean PRIMARY KEY DEFAULT true NOT NULL,
	"rebuild_epoch" bigint DEFAULT 0 NOT NULL,
	"last_published" bigint DEFAULT 0 NOT NULL,
	"lease_epoch" bigint DEFAULT 0 NOT NULL,
	"updated_at" timestamp with time zone DEFAULT clock_timestamp() NOT NULL
);
--> statement-breakpoint
CREATE INDEX "events_stream" ON "clientele"."events" USING btree ("stream_id","version") WHERE "clientele"."events"."stream_id" is not null;