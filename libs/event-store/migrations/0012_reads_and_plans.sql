-- Generated from src/schema, but for COLLATE, which Drizzle cannot declare, and the settings at the end.
CREATE TABLE "clientele"."ledger_edits" (
	"command_id" text NOT NULL,
	"day" date NOT NULL,
	"edited_at" timestamp with time zone NOT NULL,
	"editor" text NOT NULL,
	"reason" text NOT NULL,
	"payload" json,
	CONSTRAINT "ledger_edits_pkey" PRIMARY KEY("command_id","day","edited_at")
);
--> statement-breakpoint
CREATE TABLE "clientele"."reads" (
	"source" text NOT NULL,
	"entity" text NOT NULL,
	"external_id" text NOT NULL,
	"provider" text NOT NULL,
	"reason" text NOT NULL,
	"lane" integer NOT NULL,
	"since" text COLLATE "C" NOT NULL,
	"not_before" timestamp with time zone NOT NULL,
	"requested_at" timestamp with time zone NOT NULL,
	"taken_at" timestamp with time zone,
	"taken_until" timestamp with time zone,
	"attempts" integer DEFAULT 0 NOT NULL,
	"state" text DEFAULT 'open' NOT NULL,
	"last_error" text,
	"due_at" timestamp with time zone GENERATED ALWAYS AS (case state when 'open' then not_before when 'taken' then taken_until end) STORED,
	CONSTRAINT "reads_pkey" PRIMARY KEY("source","entity","external_id")
);
--> statement-breakpoint
CREATE TABLE "clientele"."sources" (
	"source" text PRIMARY KEY NOT NULL,
	"provider" text NOT NULL,
	"generation" text,
	"last_change_at" timestamp with time zone,
	"connected_at" timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
	"load_plan" uuid,
	"read_number" bigint DEFAULT 0 NOT NULL,
	"lease_epoch" bigint DEFAULT 0 NOT NULL
);
--> statement-breakpoint
CREATE TABLE "clientele"."plans" (
	"id" uuid PRIMARY KEY NOT NULL,
	"kind" text NOT NULL,
	"source" text,
	"provider" text,
	"entity" text,
	"state" text DEFAULT 'running' NOT NULL,
	"cause" text NOT NULL,
	"params" json NOT NULL,
	"cursor" json,
	"counters" json DEFAULT '{}' NOT NULL,
	"requested_by" text NOT NULL,
	"created_at" timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
	"updated_at" timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
	"finished_at" timestamp with time zone,
	"lease_epoch" bigint DEFAULT 0 NOT NULL
);
--> statement-breakpoint
ALTER TABLE "clientele"."ledger" ADD COLUMN "next_attempt_at" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "clientele"."ledger" ADD COLUMN "attempts" integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "clientele"."ledger" ADD COLUMN "entity" text;--> statement-breakpoint
ALTER TABLE "clientele"."ledger" ADD COLUMN "external_id" text;--> statement-breakpoint
ALTER TABLE "clientele"."ledger" ADD COLUMN "resubmitted_at" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "clientele"."ledger" ADD COLUMN "resubmitted_by" text;--> statement-breakpoint
ALTER TABLE "clientele"."ledger_counts" ADD COLUMN "kind" text DEFAULT 'change' NOT NULL;--> statement-breakpoint
CREATE INDEX "reads_due" ON "clientele"."reads" USING btree ("source","lane","due_at");--> statement-breakpoint
CREATE INDEX "ledger_waiting_reason" ON "clientele"."ledger" USING btree ("reason","decided_at" DESC NULLS LAST,"command_id" DESC NULLS LAST,"outcome","provider","source","entity","received_at") WHERE "clientele"."ledger"."outcome" in ('parked', 'quarantined');--> statement-breakpoint
CREATE INDEX "ledger_waiting_record" ON "clientele"."ledger" USING btree ("source","entity","external_id") WHERE "clientele"."ledger"."outcome" in ('parked', 'quarantined');--> statement-breakpoint
CREATE INDEX "ledger_due" ON "clientele"."ledger" USING btree ("next_attempt_at","command_id") WHERE "clientele"."ledger"."outcome" = 'parked' and "clientele"."ledger"."next_attempt_at" is not null;--> statement-breakpoint
ALTER TABLE "clientele"."ledger_counts" DROP CONSTRAINT "ledger_counts_pkey";
--> statement-breakpoint
ALTER TABLE "clientele"."ledger_counts" ADD CONSTRAINT "ledger_counts_pkey" PRIMARY KEY("source","kind","outcome");
--> statement-breakpoint
-- Rows that come, change a few times and go: room in their page, and a vacuum before the dead outnumber the living.
ALTER TABLE clientele.reads SET (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_threshold = 2000);
ALTER TABLE clientele.plans SET (fillfactor = 50);
ALTER TABLE clientele.sources SET (fillfactor = 10);
