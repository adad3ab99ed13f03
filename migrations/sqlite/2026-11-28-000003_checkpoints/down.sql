DROP TABLE checkpoint_cosignatures;
DROP TABLE checkpoints;
DROP TABLE journal_tree;
