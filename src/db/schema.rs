//! The tables, once for both databases. A test compares this file with what the migrations make.
//!
//! `Date` is TEXT `YYYY-MM-DD` and `Bool` is INTEGER 0/1 on SQLite.
#![expect(missing_docs, reason = "the columns are explained in the migrations")]

diesel::table! {
    journal (seq) {
        seq -> BigInt,
        recorded_at -> BigInt,
        actor -> Text,
        action -> Text,
        subject -> Text,
        organisation -> Nullable<Text>,
        facts_hash -> Binary,
        hash -> Binary,
    }
}

diesel::table! {
    journal_head (id) {
        id -> Integer,
        seq -> BigInt,
        recorded_at -> BigInt,
        hash -> Binary,
    }
}

diesel::table! {
    journal_facts (seq, item) {
        seq -> BigInt,
        item -> Integer,
        class -> Text,
        hash -> Binary,
        salt -> Nullable<Binary>,
        body -> Nullable<Text>,
    }
}

diesel::table! {
    countries (code) {
        code -> Text,
    }
}

diesel::table! {
    users (id) {
        id -> BigInt,
        email -> Text,
        email_key -> Text,
        name -> Text,
        role -> Text,
        country -> Nullable<Text>,
        status -> Text,
        password_hash -> Nullable<Text>,
        invited_by -> Nullable<BigInt>,
        created_at -> BigInt,
        version -> Integer,
        seq -> BigInt,
    }
}

diesel::table! {
    api_keys (id) {
        id -> BigInt,
        name -> Text,
        prefix -> Text,
        secret_hash -> Binary,
        scopes -> Text,
        created_by -> Nullable<BigInt>,
        created_at -> BigInt,
        expires_at -> BigInt,
        revoked_at -> Nullable<BigInt>,
        version -> Integer,
        seq -> BigInt,
        per_minute -> Nullable<Integer>,
    }
}

diesel::table! {
    api_key_uses (key_id) {
        key_id -> BigInt,
        last_used_at -> BigInt,
    }
}

diesel::table! {
    handovers (id) {
        id -> BigInt,
        successors -> Text,
        effective_on -> Date,
        reason -> Text,
        status -> Text,
        proposer -> Text,
        proposed_at -> BigInt,
        decider -> Nullable<Text>,
        decided_at -> Nullable<BigInt>,
        decision_reason -> Nullable<Text>,
        version -> Integer,
        seq -> BigInt,
    }
}

diesel::table! {
    sessions (id) {
        id -> BigInt,
        user_id -> BigInt,
        refresh_hash -> Binary,
        generation -> Integer,
        created_at -> BigInt,
        last_used_at -> BigInt,
        expires_at -> BigInt,
        ended_at -> Nullable<BigInt>,
        end_reason -> Nullable<Text>,
    }
}

diesel::table! {
    second_factors (user_id) {
        user_id -> BigInt,
        sealed_secret -> Binary,
        recovery_hashes -> Text,
        set_at -> BigInt,
        last_step -> BigInt,
        version -> Integer,
        seq -> BigInt,
    }
}

diesel::table! {
    second_factor_enrolments (user_id) {
        user_id -> BigInt,
        sealed_secret -> Binary,
        begun_at -> BigInt,
    }
}

diesel::table! {
    one_time_links (token_hash) {
        token_hash -> Binary,
        user_id -> BigInt,
        purpose -> Text,
        created_at -> BigInt,
        expires_at -> BigInt,
        used_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    idempotency_keys (caller, route, key) {
        caller -> Text,
        route -> Text,
        key -> Text,
        request_hash -> Binary,
        status -> Integer,
        headers -> Text,
        body -> Nullable<Text>,
        created_at -> BigInt,
    }
}

diesel::table! {
    registry_marks (name) {
        name -> Text,
        value -> Text,
    }
}

diesel::table! {
    organisations (id) {
        id -> BigInt,
        number -> Text,
        country -> Text,
        name -> Text,
        sort_key -> Text,
        legal_form -> Nullable<Text>,
        city -> Nullable<Text>,
        region -> Nullable<Text>,
        website -> Nullable<Text>,
        themes -> Text,
        sdgs -> Text,
        descriptions -> Text,
        founded_year -> Nullable<Integer>,
        founded_on -> Nullable<Date>,
        address -> Nullable<Text>,
        email -> Nullable<Text>,
        email_public -> Bool,
        phone -> Nullable<Text>,
        notes -> Nullable<Text>,
        public_from -> Nullable<Date>,
        withheld -> Bool,
        withheld_reason -> Nullable<Text>,
        merged_into -> Nullable<BigInt>,
        created_at -> BigInt,
        updated_at -> BigInt,
        updated_by -> Text,
        next_item -> Integer,
        version -> Integer,
        seq -> BigInt,
        dissolved_on -> Nullable<Date>,
        merged_on -> Nullable<Date>,
    }
}

diesel::table! {
    organisation_names (organisation_id, item) {
        organisation_id -> BigInt,
        item -> Integer,
        kind -> Text,
        text -> Text,
        language -> Nullable<Text>,
        key_plain -> Text,
        key_skeleton -> Text,
        fold_version -> Integer,
        seq -> BigInt,
    }
}

diesel::table! {
    organisation_identifiers (organisation_id, item) {
        organisation_id -> BigInt,
        item -> Integer,
        scheme -> Text,
        value -> Text,
        canonical -> Text,
        verdict -> Text,
        override_reason -> Nullable<Text>,
        shared_reason -> Nullable<Text>,
        exclusive -> Bool,
        seq -> BigInt,
    }
}

diesel::table! {
    organisation_contacts (organisation_id, item) {
        organisation_id -> BigInt,
        item -> Integer,
        name -> Text,
        position -> Nullable<Text>,
        email -> Nullable<Text>,
        phone -> Nullable<Text>,
        seq -> BigInt,
    }
}

diesel::table! {
    organisation_relations (organisation_id, item) {
        organisation_id -> BigInt,
        item -> Integer,
        kind -> Text,
        other_id -> BigInt,
        seq -> BigInt,
    }
}

diesel::table! {
    organisation_evidence (organisation_id, item) {
        organisation_id -> BigInt,
        item -> Integer,
        kind -> Text,
        issuer -> Text,
        issued_on -> Date,
        sha256 -> Text,
        note -> Nullable<Text>,
        seq -> BigInt,
    }
}

diesel::table! {
    organisation_quality (organisation_id) {
        organisation_id -> BigInt,
        seq -> BigInt,
        met -> Integer,
    }
}

diesel::table! {
    organisation_references (source, reference, country) {
        source -> Text,
        reference -> Text,
        country -> Text,
        organisation_id -> BigInt,
        seq -> BigInt,
    }
}

diesel::table! {
    memberships (id) {
        id -> BigInt,
        organisation_id -> BigInt,
        revision -> Integer,
        created_at -> BigInt,
        updated_at -> BigInt,
        updated_by -> Text,
        seq -> BigInt,
    }
}

diesel::table! {
    membership_events (membership_id, no) {
        membership_id -> BigInt,
        no -> Integer,
        seq -> BigInt,
        recorded_at -> BigInt,
        effective_on -> Date,
        kind -> Text,
        body -> Text,
        proposer -> Nullable<Text>,
        decider -> Nullable<Text>,
        details -> Text,
    }
}

diesel::table! {
    membership_intervals (membership_id, from_day, known_from) {
        membership_id -> BigInt,
        from_day -> Date,
        known_from -> BigInt,
        to_day -> Nullable<Date>,
        known_to -> BigInt,
        organisation_id -> BigInt,
        state -> Text,
        membership_type -> Text,
        country -> Text,
        term_end -> Nullable<Date>,
        cause_no -> Nullable<Integer>,
        grace_end -> Nullable<Date>,
    }
}

diesel::table! {
    membership_flows (membership_id, on_day, no, known_from) {
        membership_id -> BigInt,
        on_day -> Date,
        no -> Integer,
        known_from -> BigInt,
        known_to -> BigInt,
        organisation_id -> BigInt,
        kind -> Text,
        country -> Text,
        membership_type -> Text,
        cause_no -> Nullable<Integer>,
    }
}

diesel::table! {
    member_late_counts (seq, day, country, membership_type, measure) {
        seq -> BigInt,
        day -> Date,
        country -> Text,
        membership_type -> Text,
        measure -> Text,
        change -> BigInt,
    }
}

diesel::table! {
    member_counts (measure, country, membership_type, day) {
        day -> Date,
        country -> Text,
        membership_type -> Text,
        measure -> Text,
        change -> BigInt,
    }
}

diesel::table! {
    membership_due (membership_id) {
        membership_id -> BigInt,
        due_on -> Date,
    }
}

diesel::table! {
    adopted_rules (seq) {
        seq -> BigInt,
        adopted_at -> BigInt,
        sha256 -> Text,
        text -> Text,
    }
}

diesel::table! {
    proposals (id) {
        id -> BigInt,
        membership_id -> Nullable<BigInt>,
        organisation_id -> BigInt,
        country -> Text,
        other_country -> Nullable<Text>,
        act -> Text,
        body -> Text,
        reason -> Nullable<Text>,
        revision -> Integer,
        status -> Text,
        proposer -> Text,
        proposed_at -> BigInt,
        decider -> Nullable<Text>,
        decided_at -> Nullable<BigInt>,
        decision_reason -> Nullable<Text>,
        version -> Integer,
        seq -> BigInt,
        decision_number -> Nullable<Text>,
        decision_date -> Nullable<Date>,
        organisation_seen -> Nullable<Text>,
    }
}

diesel::table! {
    proposal_consents (proposal_id, country) {
        proposal_id -> BigInt,
        country -> Text,
        officer -> Text,
        consented_at -> BigInt,
        reason -> Nullable<Text>,
        seq -> BigInt,
    }
}

diesel::table! {
    job_leases (name) {
        name -> Text,
        holder -> Text,
        until -> BigInt,
    }
}

diesel::table! {
    job_runs (id) {
        id -> BigInt,
        name -> Text,
        started_at -> BigInt,
        finished_at -> Nullable<BigInt>,
        outcome -> Text,
        detail -> Text,
    }
}

diesel::table! {
    imports (id) {
        id -> BigInt,
        created_by -> Text,
        created_at -> BigInt,
        country -> Nullable<Text>,
        default_country -> Nullable<Text>,
        source -> Text,
        file_name -> Text,
        sha256 -> Text,
        reading -> Text,
        status -> Text,
        counts -> Text,
        version -> Integer,
        seq -> BigInt,
    }
}

diesel::table! {
    import_rows (import_id, line) {
        import_id -> BigInt,
        line -> Integer,
        reference -> Nullable<Text>,
        outcome -> Text,
        findings -> Text,
        cells -> Text,
        number -> Nullable<Text>,
        resolution -> Nullable<Text>,
        applied -> Bool,
    }
}

diesel::table! {
    private_reads (id) {
        id -> BigInt,
        read_at -> BigInt,
        actor -> Text,
        what -> Text,
        subject -> Text,
        row_count -> BigInt,
        request_id -> Nullable<Text>,
    }
}

diesel::table! {
    erasures (id) {
        id -> BigInt,
        subject -> Text,
        organisation -> Nullable<Text>,
        reason -> Text,
        items -> Text,
        erased_at -> BigInt,
        erased_by -> Text,
        seq -> BigInt,
    }
}

diesel::table! {
    journal_tree (level, position) {
        level -> Integer,
        position -> BigInt,
        hash -> Binary,
    }
}

diesel::table! {
    checkpoints (size) {
        size -> BigInt,
        root -> Binary,
        note -> Text,
        made_at -> BigInt,
    }
}

diesel::table! {
    checkpoint_cosignatures (size, witness) {
        size -> BigInt,
        witness -> Text,
        line -> Text,
        received_at -> BigInt,
    }
}

diesel::table! {
    distinct_pairs (organisation_id, other_id) {
        organisation_id -> BigInt,
        other_id -> BigInt,
        organisation -> Text,
        other -> Text,
        reason -> Text,
        way -> Text,
        verdict -> Nullable<Text>,
        thousandths -> Nullable<Integer>,
        said_by -> Text,
        said_at -> BigInt,
        seq -> BigInt,
    }
}

diesel::table! {
    duplicate_pairs (organisation_id, other_id) {
        organisation_id -> BigInt,
        other_id -> BigInt,
        id -> BigInt,
        country -> Text,
        other_country -> Text,
        organisation -> Text,
        other -> Text,
        thousandths -> Integer,
        verdict -> Text,
        reasons -> Text,
        found_at -> BigInt,
    }
}

diesel::table! {
    duplicate_progress (id) {
        id -> Integer,
        seq -> BigInt,
        round_at -> Nullable<BigInt>,
        round_on -> Nullable<Date>,
    }
}

diesel::table! {
    periods (id) {
        id -> BigInt,
        no -> Integer,
        from_day -> Date,
        to_day -> Date,
        note -> Nullable<Text>,
        known_seq -> BigInt,
        reports -> Text,
        closed_at -> BigInt,
        closed_by -> Text,
        seq -> BigInt,
    }
}

diesel::table! {
    period_statements (period_id) {
        period_id -> BigInt,
        size -> BigInt,
        statement -> Text,
    }
}

diesel::joinable!(organisation_names -> organisations (organisation_id));
diesel::joinable!(organisation_identifiers -> organisations (organisation_id));
diesel::joinable!(memberships -> organisations (organisation_id));
diesel::joinable!(proposals -> organisations (organisation_id));
diesel::joinable!(journal_facts -> journal (seq));
diesel::joinable!(sessions -> users (user_id));
diesel::joinable!(api_key_uses -> api_keys (key_id));

diesel::allow_tables_to_appear_in_same_query!(
    journal,
    journal_head,
    journal_facts,
    countries,
    users,
    api_keys,
    api_key_uses,
    handovers,
    sessions,
    second_factors,
    second_factor_enrolments,
    one_time_links,
    idempotency_keys,
    registry_marks,
    organisations,
    organisation_names,
    organisation_identifiers,
    organisation_contacts,
    organisation_relations,
    organisation_evidence,
    organisation_quality,
    organisation_references,
    memberships,
    membership_events,
    membership_intervals,
    membership_flows,
    member_counts,
    member_late_counts,
    membership_due,
    adopted_rules,
    proposals,
    proposal_consents,
    job_leases,
    job_runs,
    imports,
    import_rows,
    private_reads,
    erasures,
    journal_tree,
    checkpoints,
    checkpoint_cosignatures,
    distinct_pairs,
    duplicate_pairs,
    duplicate_progress,
    periods,
    period_statements,
);
