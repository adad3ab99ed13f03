-- A fingerprint of what the organisation was told by when a proposal about its membership was made: its names, country, form, identifiers, city
-- and website. The proposal falls when it is told by something else; none in proposals of before.
ALTER TABLE proposals ADD COLUMN organisation_seen TEXT;
