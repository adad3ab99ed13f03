-- The day from whose start an organisation is merged into its successor, as it was decided; none while no merge stands.
ALTER TABLE organisations ADD COLUMN merged_on DATE;

-- Names and identifiers of a merged organisation stay with it and are found through its successor.
CREATE INDEX organisations_merged_into_idx ON organisations (merged_into) WHERE merged_into IS NOT NULL;
-- Whoever is withheld is so with all that was merged into it.
CREATE INDEX organisations_withheld_idx ON organisations (id) WHERE withheld = TRUE;
