DROP INDEX "clientele"."records_2_status";--> statement-breakpoint
CREATE INDEX "records_2_status" ON "clientele"."records_2" USING btree ("type",left("status", 255),"updated_at","id");