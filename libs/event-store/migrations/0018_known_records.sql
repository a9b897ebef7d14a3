-- What is held of a source is compared with the source, page by page.
GRANT SELECT ON clientele.mappings TO clientele_command;
