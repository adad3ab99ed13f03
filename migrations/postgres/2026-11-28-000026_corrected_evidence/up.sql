-- Corrections that can give an event another evidence or take it away: those with a text of their own, and those that say that something did
-- not happen. They are few: most move a day alone.
CREATE INDEX membership_events_retold_idx ON membership_events (seq, membership_id)
    WHERE kind = 'corrected' AND (details NOT LIKE '%"replacement":null%' OR body LIKE '%"void"%');
