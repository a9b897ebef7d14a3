CREATE TABLE "clientele"."snapshots" (
	"stream_id" uuid PRIMARY KEY NOT NULL,
	"version" bigint NOT NULL,
	"schema_version" integer NOT NULL,
	"state" json NOT NULL,
	"recorded_at" timestamp with time zone NOT NULL
);
