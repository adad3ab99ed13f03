DROP TABLE member_late_counts;
