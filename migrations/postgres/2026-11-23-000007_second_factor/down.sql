DROP TABLE second_factor_enrolments;
DROP TABLE second_factors;
