-- What ingest measured at a source, for its page.

-- JSON: see SourceDetail.
ALTER TABLE source_status ADD COLUMN detail {text} NOT NULL DEFAULT '{}';
