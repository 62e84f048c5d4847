"""Every row of the STRIDE table in docs/security.md, taken out in one way or in several."""

from tests.mutations.mutant import Mutant

_TEMPLATE = "template.yaml"
_CORE, _ADAPTERS = "layers/ringvault/ringvault/core", "layers/ringvault/ringvault/adapters"
_API = "layers/ringvault/ringvault/api"
_UNIT, _INFRASTRUCTURE, _INTEGRATION = "tests/unit", "tests/infrastructure", "tests/integration"
_CANARY = f"{_INTEGRATION}/canary/test_no_canary_gets_out.py"
_ROLES = f"{_INTEGRATION}/test_least_privilege.py"
_STORAGE = f"{_INFRASTRUCTURE}/test_storage.py"
_VERDICTS = f"{_UNIT}/core/reconciliation/test_verdicts.py"

SPOOFING = (
    Mutant(
        "S1",
        _TEMPLATE,
        "            Path: /recordings\n",
        "            Path: /recordings\n            Auth:\n              Authorizer: NONE\n",
        f"{_INFRASTRUCTURE}/test_api.py::test_every_route_but_the_page_asks_for_a_token",
    ),
    Mutant(
        "S2",
        _TEMPLATE,
        "                - !If [MakesUserPool, !Ref SignInClient, !Ref JwtAudience]\n",
        "                - anything\n",
        f"{_INFRASTRUCTURE}/test_api.py::test_the_authorizer_names_issuer_and_audience",
    ),
    Mutant(
        "S3",
        "local/api_gateway/authorizer.py",
        'algorithms=["RS256"]',
        'algorithms=["RS256", "PS256", "RS512"]',
        f"{_UNIT}/local/api_gateway/test_authorizer.py::test_refuses_anything_else",
    ),
    Mutant(
        "S4",
        _TEMPLATE,
        "        AllowAdminCreateUserOnly: true\n",
        "        AllowAdminCreateUserOnly: false\n",
        f"{_INFRASTRUCTURE}/test_sign_in.py::test_nobody_signs_up",
    ),
    Mutant(
        "S5",
        f"{_ADAPTERS}/ringcentral/transport.py",
        "return is_url and _origin(url) in self._allowed",
        "return str(urlsplit(url).hostname).endswith('.ringcentral.com')",
        f"{_INTEGRATION}/test_hostile_urls.py::test_any_other_is_refused",
    ),
    Mutant(
        "S6",
        _TEMPLATE,
        "            Principal:\n              Service: lambda.amazonaws.com\n",
        '            Principal:\n              AWS: "*"\n',
        f"{_INFRASTRUCTURE}/test_roles.py::test_each_role_is_assumed_by_one_aws_service",
    ),
    Mutant(
        "S7",
        "local/own_machine.py",
        "        if len(hosts) != 1 or not is_own_host(hosts[0]):",
        "        if not hosts:",
        "tests/integration/local/test_own_machine.py::test_only_this_machines_names_are_answered",
    ),
    Mutant(
        "S7",
        "local/own_machine.py",
        "not has_own_origin or sec_fetch_site not in _OWN_FETCH_SITES",
        "not has_own_origin and False",
        "tests/integration/local/test_own_machine.py::test_no_page_of_another_site_is_answered",
    ),
    Mutant(
        "S7",
        "local/moto/server.py",
        "Entrance(app), threaded",
        "app, threaded",
        "tests/integration/local/test_own_machine.py::test_no_page_of_another_site_administers_aws",
    ),
    Mutant(
        "S8",
        "functions/playback_api/web/sign_in.js",
        "    if (kept(TOKENS)) return false;\n",
        "",
        "tests/browser/test_playback_page.py::test_a_strangers_answer_signs_nobody_out",
    ),
)
TAMPERING = (
    Mutant(
        "T1",
        f"{_ADAPTERS}/s3/vault.py",
        '                ChecksumCRC32=crc32,\n                IfNoneMatch="*",\n',
        "                ChecksumCRC32=crc32,\n",
        f"{_INTEGRATION}/test_vault.py::test_nothing_is_ever_overwritten",
    ),
    Mutant(
        "T1",
        _TEMPLATE,
        """                Condition: &IfNoneMatch
                  "Null":
                    s3:if-none-match: "false"
""",
        """                Condition: &IfNoneMatch
                  Bool:
                    aws:SecureTransport: "true"
""",
        f"{_ROLES}::test_what_a_role_must_not_do_is_refused",
    ),
    Mutant(
        "T2",
        f"{_ADAPTERS}/s3/vault.py",
        "                Body=part,\n                ChecksumCRC32=crc32,\n",
        "                Body=part,\n",
        f"{_INTEGRATION}/test_vault.py::test_every_part_carries_its_checksum",
    ),
    Mutant(
        "T3",
        f"{_CORE}/audio/head.py",
        "    if _is_text(head):\n",
        "    if False:\n",
        f"{_UNIT}/core/audio/test_head.py::test_text_is_never_taken_for_audio",
    ),
    Mutant(
        "T4",
        f"{_CORE}/catalogue/call_record.py",
        '_ID = re.compile(r"[0-9A-Za-z_-]{1,64}")',
        '_ID = re.compile(r"[^ ]{1,64}")',
        f"{_INTEGRATION}/test_hostile_urls.py::test_keys_are_made_of_ids_only",
    ),
    Mutant(
        "T4",
        f"{_CORE}/catalogue/call_record.py",
        "return value if isinstance(value, str) and _ID.fullmatch(value) else None",
        "return value if isinstance(value, str) else None",
        f"{_INTEGRATION}/test_hostile_urls.py::test_keys_are_made_of_ids_only",
    ),
    Mutant(
        "T5",
        f"{_CORE}/reconciliation/chain.py",
        "for before, after in pairwise(links)",
        "for before, after in pairwise(links[:0])",
        f"{_UNIT}/core/reconciliation/test_chain.py::test_a_changed_report_shows",
    ),
    Mutant(
        "T20",
        f"{_CORE}/reconciliation/reconcile_archive.py",
        "head = self.state.chain_head or last_report(self.vault)",
        "head = last_report(self.vault)",
        f"{_VERDICTS}::test_a_report_that_the_state_does_not_know_never_joins_the_chain",
    ),
    Mutant(
        "T6",
        _TEMPLATE,
        "      VersioningConfiguration:\n        Status: Enabled\n",
        "      VersioningConfiguration:\n        Status: Suspended\n",
        f"{_STORAGE}::test_the_vault_is_encrypted_and_versioned",
    ),
    Mutant(
        "T7",
        _TEMPLATE,
        '                aws:SecureTransport: "false"\n',
        '                aws:SecureTransport: "true"\n',
        f"{_STORAGE}::test_the_vault_answers_over_tls_only",
    ),
    Mutant(
        "T8",
        ".github/workflows/ci.yml",
        "actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1\n"
        "        with:\n          persist-credentials: false\n"
        "      - uses: actions/setup-python@5fda3b95a4ea91299a34e894583c3862153e4b97 # v7.0.0\n"
        "        with:\n          # The",
        "actions/checkout@v7\n"
        "        with:\n          persist-credentials: false\n"
        "      - uses: actions/setup-python@5fda3b95a4ea91299a34e894583c3862153e4b97 # v7.0.0\n"
        "        with:\n          # The",
        f"{_INFRASTRUCTURE}/test_workflows.py::test_every_action_is_pinned_to_a_commit",
    ),
    Mutant(
        "T9",
        "layers/ringvault/requirements.txt",
        "aws-lambda-powertools==",
        "pip==1.0\naws-lambda-powertools==",
        f"{_UNIT}/supply_chain/test_locks.py::test_every_pin_has_its_hashes",
    ),
    Mutant(
        "T10",
        "ringvault_cli/terminal/screen.py",
        "    return wrapper.fill(visible(text))",
        "    return wrapper.fill(text)",
        "tests/unit/ringvault_cli/terminal/test_visible.py::test_whatever_is_printed_has_a_glyph",
    ),
    Mutant(
        "T10",
        "local/up/screen.py",
        "        print(visible(text), flush=True)",
        "        print(text, flush=True)",
        "tests/unit/local/up/test_screen.py::test_a_line_steers_no_terminal",
    ),
    Mutant(
        "T11",
        f"{_CORE}/catalogue/phone_number.py",
        '    if written.startswith("+"):\n        return read(written)\n',
        '    if written.startswith("+"):\n        return read(written[1:])\n',
        f"{_UNIT}/core/catalogue/test_phone_number.py::test_numbers_of_two_countries_are_two",
    ),
    Mutant(
        "T11",
        f"{_CORE}/catalogue/selection.py",
        " for item in reading.items if _is_meant(item, selection))\n",
        " for item in reading.items)\n",
        f"{_INTEGRATION}/test_hold_and_erase.py::test_a_former_number_does_not_choose_a_recording",
    ),
)
REPUDIATION = (
    Mutant(
        "R1",
        f"{_CORE}/playback/playback_url.py",
        "            raise PlayNotKeptError(str(error)) from error\n",
        "            del error\n",
        f"{_UNIT}/core/playback/test_playback_url.py::test_what_is_not_kept_is_not_issued",
    ),
    Mutant(
        "R2",
        _TEMPLATE,
        """                  - dynamodb:PutItem
                  - dynamodb:Query
                Resource: !GetAtt PlayTable.Arn
""",
        """                  - dynamodb:PutItem
                  - dynamodb:UpdateItem
                  - dynamodb:Query
                Resource: !GetAtt PlayTable.Arn
""",
        f"{_INFRASTRUCTURE}/test_roles.py::test_the_audit_is_added_to_and_read",
    ),
    Mutant(
        "R3",
        "functions/playback_api/web/listening.js",
        "    if (plays) player.play();",
        "    player.play();",
        "tests/browser/test_playback_page.py::test_a_link_writes_no_play_into_the_audit",
    ),
    Mutant(
        "R20",
        f"{_CORE}/reconciliation/finding.py",
        "    return {verdict: count for verdict, count in counts.items() if count}\n",
        '    return {it: counts[it] for it in ("missing", "unexpected") if counts[it]}\n',
        f"{_VERDICTS}::test_every_unsettled_count_forbids_the_sentence",
    ),
)
DISCLOSURE = (
    Mutant(
        "I1",
        f"{_ADAPTERS}/ringcentral/answers.py",
        '_CODE = re.compile(r"[A-Z]{3}-\\d{3}")',
        '_CODE = re.compile(r"[A-Za-z0-9_-]{1,40}")',
        f"{_CANARY}::test_content_that_is_refused_or_something_else",
    ),
    Mutant(
        "I1",
        f"{_ADAPTERS}/ringcentral/transport.py",
        '        urllib3.connection.log.setLevel("ERROR")\n',
        "",
        f"{_CANARY}::test_content_that_is_refused_or_something_else",
    ),
    Mutant(
        "I1",
        "layers/ringvault/ringvault/observability.py",
        "    if isinstance(error, RingvaultError):\n",
        "    if isinstance(error, Exception):\n",
        f"{_CANARY}::test_defects_of_ours_whose_text_quotes_what_did_not_fit",
    ),
    Mutant(
        "I1",
        "functions/list_recordings/handler.py",
        "    except Exception as error:  # noqa: BLE001 - Lambda would log and return its text\n",
        "    except RingvaultError as error:\n",
        f"{_CANARY}::test_defects_of_ours_whose_text_quotes_what_did_not_fit",
    ),
    Mutant(
        "I1",
        f"{_ADAPTERS}/aws/errors.py",
        "        raise _unexpected(doing, code) from error\n",
        "        raise _unexpected(doing, str(error)) from error\n",
        f"{_CANARY}::test_aws_errors_that_repeat_what_was_sent",
    ),
    Mutant(
        "I1",
        f"{_CORE}/catalogue/call_record.py",
        'record_id=id_or_none(record.get("id"))',
        'record_id=record.get("id")',
        f"{_CANARY}::test_records_that_are_not_as_documented",
    ),
    Mutant(
        "I2",
        _TEMPLATE,
        """'{"client_id": "", "client_secret": "", "jwt": ""}'""",
        """'{"client_id": "", "client_secret": "s", "jwt": ""}'""",
        f"{_STORAGE}::test_the_template_holds_no_secret",
    ),
    Mutant(
        "I2",
        _TEMPLATE,
        "          FIRST_RUN_REACH_DAYS: !Ref FirstRunReachDays\n",
        "          FIRST_RUN_REACH_DAYS: !Ref FirstRunReachDays\n          RINGCENTRAL_JWT: x\n",
        f"{_INFRASTRUCTURE}/test_functions.py::test_no_secret_is_in_an_environment",
    ),
    Mutant(
        "I3",
        f"{_ADAPTERS}/dynamodb/token_store.py",
        '"ciphertext": cipher["CiphertextBlob"],',
        '"ciphertext": token.value.encode(),',
        f"{_INTEGRATION}/test_token_store.py::test_the_table_does_not_hold_the_token",
    ),
    Mutant(
        "I4",
        _TEMPLATE,
        "        BlockPublicPolicy: true\n",
        "        BlockPublicPolicy: false\n",
        f"{_STORAGE}::test_the_vault_is_never_public",
    ),
    Mutant(
        "I5",
        f"{_CORE}/playback/rights.py",
        "extension_id is not None and extension_id == self.extension_id",
        "extension_id is not None",
        f"{_INTEGRATION}/playback_api/test_rights.py::test_each_may_do_what_the_table_says",
    ),
    Mutant(
        "I5",
        f"{_CORE}/playback/search.py",
        "tuple(item for item in items if listener.may_hear(item.recording.extension_id))",
        "tuple(items)",
        f"{_INTEGRATION}/playback_api/test_rights.py::test_of_a_transferred_call_one_hears_ones_own_part",
    ),
    Mutant(
        "I6",
        _TEMPLATE,
        "      WriteAttributes: [name]\n",
        '      WriteAttributes: [name, "custom:extension_id"]\n',
        f"{_INFRASTRUCTURE}/test_sign_in.py::test_nobody_chooses_what_they_hear",
    ),
    Mutant(
        "I7",
        f"{_ADAPTERS}/s3/presigned_url.py",
        "        left = min(self._lifetime, credentials_expire_at - at)\n",
        "        left = max(self._lifetime, credentials_expire_at - at)\n",
        f"{_INTEGRATION}/test_presigned_url.py::test_a_url_dies_with_the_roles_credentials",
    ),
    Mutant(
        "I7",
        f"{_ADAPTERS}/s3/presigned_url.py",
        '                "ResponseCacheControl": "no-store",\n',
        "",
        f"{_INTEGRATION}/test_presigned_url.py::test_a_url_says_how_it_is_to_be_served",
    ),
    Mutant(
        "I8",
        f"{_CORE}/catalogue/phone_number.py",
        '    return sha256(f"{number}{scope}".encode()).hexdigest()\n',
        '    return f"{number}{scope}"\n',
        f"{_CANARY}::test_the_main_job_tells_nothing",
    ),
    Mutant(
        "I9",
        f"{_ADAPTERS}/ringcentral/redirects.py",
        "        if not _ways(parts) <= self._allowed_ways():\n",
        "        if False:\n",
        f"{_INTEGRATION}/test_foreign_hosts.py::test_nothing_but_public_https_is_followed",
    ),
    Mutant(
        "I10",
        f"{_ADAPTERS}/ringcentral/client.py",
        "            if self._transport.is_configured(request.url):\n",
        "            if request.url:\n",
        f"{_INTEGRATION}/test_ringcentral_client.py"
        "::test_a_redirect_to_another_host_is_followed_without_the_token",
    ),
    Mutant(
        "I11",
        _TEMPLATE,
        "        - AllowOrigins: !Ref EmbeddingOrigins\n",
        '        - AllowOrigins: ["*"]\n',
        f"{_INFRASTRUCTURE}/test_api.py::test_other_sites_are_let_in_by_parameter_only",
    ),
    Mutant(
        "I12",
        f"{_API}/page.py",
        "script-src 'self';",
        "script-src 'self' 'unsafe-inline';",
        f"{_INTEGRATION}/playback_api/test_page.py::test_the_page_allows_audio_from_the_vault_only",
    ),
    Mutant(
        "I12",
        f"{_API}/answers.py",
        "default-src 'none'; frame-ancestors 'none'",
        "default-src 'none'",
        f"{_INTEGRATION}/playback_api/test_answers.py"
        "::test_every_answer_carries_the_security_headers",
    ),
    Mutant(
        "I13",
        _TEMPLATE,
        '"route":"$context.routeKey"',
        '"route":"$context.path"',
        f"{_INFRASTRUCTURE}/test_api.py::test_the_access_log_names_nobody",
    ),
    Mutant(
        "I14",
        _TEMPLATE,
        """          - Sid: NoKeyOfTheWriter
            Effect: Deny
""",
        """          - Sid: NoKeyOfTheWriter
            Effect: Allow
""",
        f"{_STORAGE}::test_nobody_writes_under_a_key_of_their_own",
    ),
    Mutant(
        "I15",
        "functions/playback_api/handler.py",
        '_PRIVATE = {"Cache-Control": "no-store"}',
        '_PRIVATE = {"Cache-Control": "private"}',
        f"{_INTEGRATION}/playback_api/test_answers.py::test_nothing_on_the_way_keeps_an_answer",
    ),
    Mutant(
        "I30",
        f"{_CORE}/reconciliation/repair.py",
        ", replaces=etag)",
        ", replaces=vault.opened_sidecar(key))",
        f"{_VERDICTS}::test_an_erasure_in_between_leaves_no_sidecar",
    ),
    Mutant(
        "I31",
        f"{_CORE}/reconciliation/judge.py",
        "return item.state in _NOT_IN_VAULT or sidecar_key(item.recording) != object_key",
        "return sidecar_key(item.recording) != object_key",
        f"{_VERDICTS}::test_a_sidecar_that_should_not_be_there_is_unexpected",
    ),
)
DISCLOSURE_AT_REST = (
    Mutant(
        "I16",
        _TEMPLATE,
        "                SSEAlgorithm: AES256\n",
        "                SSEAlgorithm: aws:fsx\n",
        f"{_STORAGE}::test_the_vault_is_encrypted_and_versioned",
    ),
    Mutant(
        "I17",
        _TEMPLATE,
        "      RetentionInDays: !Ref LogRetentionDays\n"
        "      KmsKeyId: !If [HasLogKey, !Ref LogKeyArn, !Ref AWS::NoValue]\n\n"
        "  ArchiveRecordingFunction:\n",
        "      KmsKeyId: !If [HasLogKey, !Ref LogKeyArn, !Ref AWS::NoValue]\n\n"
        "  ArchiveRecordingFunction:\n",
        f"{_INFRASTRUCTURE}/test_functions.py::test_functions_log_for_a_limited_time",
    ),
    Mutant(
        "I18",
        f"{_CORE}/archiving/archive_recording.py",
        "                self._erased(item) or self._found(item)",
        "                self._found(item)",
        f"{_UNIT}/core/archiving/test_archive_recording.py::test_what_has_a_proof_of_erasure_is_not_fetched",
    ),
    Mutant(
        "I18",
        f"{_CORE}/fixity/rebuild_catalogue.py",
        "            catalogue.bury_erased(tombstone)\n",
        "            pass\n",
        f"{_UNIT}/core/fixity/test_rebuild_catalogue.py::test_a_proof_wins_over_what_a_backup_brought_back",
    ),
    Mutant(
        "I18",
        f"{_CORE}/lifecycle/erase_recordings.py",
        "former=item.former_numbers)",
        "former=())",
        f"{_INTEGRATION}/test_hold_and_erase.py::test_an_erasure_removes_former_numbers",
    ),
)
DENIAL = (
    Mutant(
        "D1",
        _TEMPLATE,
        "        ThrottlingRateLimit: 100\n",
        "        ThrottlingRateLimit: 10000\n",
        f"{_INFRASTRUCTURE}/test_api.py::test_a_flood_is_refused",
    ),
    Mutant(
        "D2",
        "functions/playback_api/handler.py",
        "        require_small(event)\n",
        "",
        f"{_INTEGRATION}/playback_api/test_answers.py::test_what_no_route_reads_is_refused_by_each",
    ),
    Mutant(
        "D3",
        f"{_CORE}/catalogue/call_record.py",
        "    except (ValueError, OverflowError):\n",
        "    except OverflowError:\n",
        f"{_CANARY}::test_records_that_are_not_as_documented",
    ),
    Mutant(
        "D4",
        f"{_CORE}/archiving/message.py",
        "    except (ValueError, RecursionError):\n",
        "    except KeyError:\n",
        f"{_INTEGRATION}/test_archive_recording_handler.py"
        "::test_poison_goes_to_the_dead_letters_alone",
    ),
    Mutant(
        "D5",
        f"{_ADAPTERS}/ringcentral/client.py",
        "        if response.is_redirect:\n            response.close()\n",
        "        if response is None:\n            response.close()\n",
        f"{_INTEGRATION}/test_ringcentral_client.py::test_redirects_have_an_end",
    ),
    Mutant(
        "D6",
        f"{_ADAPTERS}/ringcentral/answers.py",
        "    return min(max(timedelta(0), until - now), MAX_PENALTY)\n",
        "    return max(timedelta(0), until - now)\n",
        f"{_INTEGRATION}/test_ringcentral_client.py::test_an_absurd_retry_after_is_a_day",
    ),
    Mutant(
        "D6",
        f"{_ADAPTERS}/ringcentral/answers.py",
        "        return min(timedelta(seconds=int(value[:9])), MAX_PENALTY)\n",
        "        return timedelta(seconds=int(value[:9]))\n",
        f"{_INTEGRATION}/test_ringcentral_client.py::test_an_absurd_retry_after_is_a_day",
    ),
    Mutant(
        "D20",
        f"{_ADAPTERS}/ringcentral/answers.py",
        " or window_s > MAX_WINDOW.total_seconds()",
        "",
        f"{_INTEGRATION}/test_ringcentral_client.py::test_absurd_quota_headers_stop_nobody",
    ),
    Mutant(
        "D20",
        f"{_CORE}/quota/window.py",
        "        if limit < 1 or not timedelta(0) < window <= MAX_WINDOW:\n",
        "        if limit < 1:\n",
        f"{_INTEGRATION}/test_quota_store.py::test_what_is_stored_out_of_bounds_is_healed",
    ),
    Mutant(
        "D20",
        f"{_CORE}/quota/window.py",
        "(*kept, *turns[-self.limit :])[-MAX_TURNS:])",
        "(*kept, *turns[-self.limit :]))",
        f"{_UNIT}/core/quota/test_window.py::test_turns_reserved_ahead_are_bounded",
    ),
    Mutant(
        "D21",
        f"{_ADAPTERS}/ringcentral/bounded_answers.py",
        '            raise TimeoutError("the answer takes too long")\n',
        "            left_s = self._wait_s\n",
        f"{_INTEGRATION}/test_endless_answers.py::test_an_answer_that_drips_is_given_up",
    ),
    Mutant(
        "D21",
        f"{_ADAPTERS}/ringcentral/bounded_answers.py",
        "        return min(self._clock() + seconds, self._end_s)\n",
        "        return self._clock() + seconds\n",
        f"{_INTEGRATION}/test_endless_answers.py"
        "::test_a_recording_that_drips_ends_with_the_invocation",
    ),
    Mutant(
        "D22",
        f"{_ADAPTERS}/ringcentral/transport.py",
        "            if left_bytes < 0:\n",
        "            if max_bytes < 0:\n",
        f"{_INTEGRATION}/test_endless_answers.py::test_a_page_ends_by_its_size",
    ),
    Mutant(
        "D22",
        f"{_ADAPTERS}/ringcentral/answers.py",
        "        RecursionError,  # nested deeper than Python goes\n",
        "",
        f"{_INTEGRATION}/test_endless_answers.py::test_an_error_nested_without_end_is_an_error",
    ),
    Mutant(
        "D23",
        f"{_ADAPTERS}/ringcentral/rate_limit_groups.py",
        "        if group != offered:\n",
        "        if not group:\n",
        f"{_INTEGRATION}/test_rate_limit_groups.py::test_one_odd_answer_moves_nothing",
    ),
    Mutant(
        "D23",
        f"{_ADAPTERS}/ringcentral/rate_limit_groups.py",
        "        if group != HEAVY and not self._may_move(kind):\n",
        "        if not group:\n",
        f"{_INTEGRATION}/test_rate_limit_groups.py::test_made_up_groups_give_one_new_quota_an_hour",
    ),
    Mutant(
        "D24",
        f"{_ADAPTERS}/ringcentral/sign_in.py",
        "    return min(value, MAX_LIFE_S)\n",
        "    return value\n",
        f"{_INTEGRATION}/test_ringcentral_sign_in.py::test_a_life_without_end_is_a_day",
    ),
    Mutant(
        "D30",
        f"{_CORE}/archiving/absence.py",
        "    return not_found.times >= MIN_NOT_FOUND and not_found.lasted >= MIN_NOT_FOUND_FOR\n",
        "    return not_found.times > 0\n",
        f"{_UNIT}/core/archiving/test_archive_recording.py::test_one_404_is_a_file_that_comes_late",
    ),
    Mutant(
        "D30",
        f"{_ADAPTERS}/ringcentral/answers.py",
        "        return bool(error.code)\n",
        "        return True\n",
        f"{_INTEGRATION}/test_ringcentral_client.py"
        "::test_a_404_without_ringcentrals_code_says_nothing_of_the_recording",
    ),
    Mutant(
        "D31",
        f"{_CORE}/archiving/refusals.py",
        "        return len(self._refused) > 1\n",
        "        return len(self._refused) > 0\n",
        f"{_INTEGRATION}/test_ringcentral_client.py::test_one_refused_recording_holds_nobody_back",
    ),
    Mutant(
        "D32",
        f"{_ADAPTERS}/ringcentral/client.py",
        "        elif request.begun_at not in self._waiting_alone:\n",
        "        else:\n",
        f"{_INTEGRATION}/test_ringcentral_client.py"
        "::test_one_recording_that_names_a_wait_again_holds_nobody_back",
    ),
    Mutant(
        "D33",
        f"{_CORE}/archiving/archive_recording.py",
        "            case ConfigurationError() | ForeignHostError():\n",
        "            case ConfigurationError():\n",
        f"{_UNIT}/core/archiving/test_archive_recording.py::test_a_wrong_configuration_never_ends_a_recording",
    ),
    Mutant(
        "D34",
        f"{_CORE}/archiving/archive_recording.py",
        "        except Exception as defect:  # noqa: BLE001",
        "        except ZeroDivisionError as defect:  # noqa: BLE001",
        f"{_UNIT}/core/archiving/test_archive_recording.py"
        "::test_a_defect_counts_as_an_attempt_and_ends_with_its_place",
    ),
    Mutant(
        "D35",
        f"{_CORE}/archiving/recording_stream.py",
        "        least = MIN_PART_BYTES if is_whole_part else MIN_PROGRESS_BYTES\n",
        "        least = 0 if is_whole_part else MIN_PROGRESS_BYTES\n",
        f"{_UNIT}/core/archiving/test_recording_stream.py::test_parts_of_next_to_nothing_are_given_up",
    ),
    Mutant(
        "T30",
        f"{_CORE}/archiving/archive_recording.py",
        "    if stream.sha256_hex != sha256_hex:\n",
        "    if False:\n",
        f"{_UNIT}/core/archiving/test_archive_recording.py"
        "::test_content_of_no_known_type_that_changes_is_given_up",
    ),
    Mutant(
        "D7",
        _TEMPLATE,
        "  VaultBucket:\n    Type: AWS::S3::Bucket\n    DeletionPolicy: Retain\n",
        "  VaultBucket:\n    Type: AWS::S3::Bucket\n    DeletionPolicy: Delete\n",
        f"{_STORAGE}::test_what_the_stack_exists_for_outlives_it",
    ),
    Mutant(
        "D8",
        f"{_ADAPTERS}/dynamodb/lifecycle.py",
        "archived_at = :archived_at AND attribute_not_exists(held)",
        "archived_at = :archived_at",
        f"{_INTEGRATION}/test_expire_recordings.py::test_a_hold_between_look_and_expiry_wins",
    ),
    Mutant(
        "D9",
        _TEMPLATE,
        """      DeletionProtectionEnabled: true
      PointInTimeRecoverySpecification:
        PointInTimeRecoveryEnabled: true
      SSESpecification:
        SSEEnabled: true
      AttributeDefinitions:
        - AttributeName: number_key
""",
        """      SSESpecification:
        SSEEnabled: true
      AttributeDefinitions:
        - AttributeName: number_key
""",
        f"{_STORAGE}::test_what_can_not_be_made_again_can_be_restored",
    ),
    Mutant(
        "D10",
        f"{_CORE}/listing/feed.py",
        "queue_depth=max(on_their_way, visible)",
        "queue_depth=sum(queue.depth())",
        f"{_UNIT}/core/listing/test_feed_queue.py::test_messages_in_flight_take_nobodys_place",
    ),
    Mutant(
        "D11",
        f"{_CORE}/listing/read_windows.py",
        "                self._save(self._kept())\n                raise\n",
        "                self._save(self._halved())\n                raise\n",
        f"{_UNIT}/core/listing/test_list_recordings.py::test_a_throttle_changes_no_window",
    ),
    Mutant(
        "D12",
        f"{_CORE}/listing/read_windows.py",
        "            except (EndlessPagesError, ForeignHostError) as error:\n",
        "            except ForeignHostError as error:\n",
        f"{_UNIT}/core/listing/test_list_recordings.py::test_pages_in_a_circle_cost_their_own_window_only",
    ),
    Mutant(
        "D13",
        f"{_ADAPTERS}/dynamodb/catalogue.py",
        "    except UnreadableItemError as error:\n        return error\n",
        "    except UnreadableItemError:\n        raise\n",
        f"{_INTEGRATION}/test_catalogue_table.py::test_a_damaged_item_is_returned_as_its_error",
    ),
    Mutant(
        "D15",
        f"{_CORE}/catalogue/call_record.py",
        "        found.recordings_left_out = ",
        "        _ = ",
        "tests/unit/core/catalogue/test_call_record.py::test_recordings_beyond_a_limit_are_named_as_unreadable",
    ),
    Mutant(
        "D16",
        f"{_ADAPTERS}/dynamodb/catalogue.py",
        "            except ItemRefusedError:\n                return self._write_singly(writes)\n",
        "",
        f"{_INTEGRATION}/test_catalogue_table.py::test_a_refused_write_costs_itself_only",
    ),
    Mutant(
        "D17",
        f"{_ADAPTERS}/dynamodb/item.py",
        "            except UnreadableItemError as error:\n",
        "            except KeyError as error:\n",
        f"{_INTEGRATION}/test_damaged_items.py::test_every_reader_of_many_goes_on_with_the_others",
    ),
    Mutant(
        "D18",
        f"{_API}/answers.py",
        "    return text[:limit] if text else None\n",
        "    return text or None\n",
        "tests/unit/api/test_answers.py::test_the_longest_answers_are_such_as_lambda_hands_on",
    ),
    Mutant(
        "D19",
        f"{_ADAPTERS}/s3/inventory.py",
        "            content = body.read(limit + 1)\n",
        "            content = body.read()[:limit]\n",
        f"{_INTEGRATION}/test_damaged_items.py"
        "::test_an_object_too_long_to_be_a_sidecar_is_not_read_to_its_end",
    ),
    Mutant(
        "D40",
        f"{_CORE}/reconciliation/judge.py",
        "        except Exception as error:  # noqa: BLE001 - one recording must not affect",
        "        except ArithmeticError as error:  #",
        f"{_VERDICTS}::test_a_defect_at_one_recording_is_named_by_its_place",
    ),
    Mutant(
        "D40",
        f"{_CORE}/reconciliation/reconcile_archive.py",
        "failed.append(_not_put_right(it, str(error)))",
        "raise",
        f"{_VERDICTS}::test_what_can_not_be_put_right_stops_nothing",
    ),
    Mutant(
        "D41",
        f"{_CORE}/ringcentral/call_log.py",
        "        if page.next_uri in seen or not",
        "        if page.next_uri is seen or not",
        f"{_VERDICTS}::test_pages_that_lead_to_each_other_end_with_an_error",
    ),
)
ELEVATION = (
    Mutant(
        "E1",
        _TEMPLATE,
        "                Action: s3:GetObject\n                Resource: &Audio",
        "                Action: s3:*\n                Resource: &Audio",
        f"{_INFRASTRUCTURE}/test_roles.py::test_no_action_is_a_wildcard",
    ),
    Mutant(
        "E2",
        _TEMPLATE,
        "                Action: s3:AbortMultipartUpload\n",
        "                Action:\n"
        "                  - s3:AbortMultipartUpload\n"
        "                  - s3:DeleteObject\n",
        f"{_ROLES}::test_no_role_can_do_more_than_was_used",
    ),
    Mutant(
        "E5",
        _TEMPLATE,
        "              - Sid: Audio\n"
        "                Effect: Allow\n"
        "                Action: s3:GetObject\n"
        "                Resource: *Audio\n",
        "              - Sid: Audio\n"
        "                Effect: Allow\n"
        "                Action: s3:GetObject\n"
        "                Resource: !Sub ${VaultBucket.Arn}/*\n",
        f"{_ROLES}::test_what_a_role_must_not_do_is_refused",
    ),
    Mutant(
        "E6",
        _TEMPLATE,
        "              - Sid: GiveUploadsUp\n",
        "              - Sid: Delete\n"
        "                Effect: Allow\n"
        "                Action: s3:DeleteObject\n"
        "                Resource: *Audio\n"
        "              - Sid: GiveUploadsUp\n",
        f"{_ROLES}::test_what_a_role_must_not_do_is_refused",
    ),
    Mutant(
        "E7",
        _TEMPLATE,
        "              - Sid: Feed\n",
        "              - Sid: Listen\n"
        "                Effect: Allow\n"
        "                Action: s3:GetObject\n"
        "                Resource: !Sub ${VaultBucket.Arn}/recordings/*\n"
        "              - Sid: Feed\n",
        f"{_ROLES}::test_no_role_can_do_more_than_was_used",
    ),
    Mutant(
        "E3",
        f"{_API}/listeners.py",
        "LISTENERS_GROUP in _groups(claims, groups_claim, authorization)",
        "LISTENERS_GROUP in str(claims.get(groups_claim))",
        f"{_UNIT}/api/test_listeners.py::test_whoever_the_token_says_nothing_of_is_no_listener",
    ),
    Mutant(
        "E3",
        f"{_API}/listeners.py",
        '    return flattened[1:-1].split(" ") if is_array else (flattened,)\n',
        "    return flattened[1:-1].split() if is_array else (flattened,)\n",
        f"{_UNIT}/api/test_listeners.py::test_whoever_the_token_says_nothing_of_is_no_listener",
    ),
    Mutant(
        "E3",
        f"{_API}/listeners.py",
        "    groups = token.get(name)\n",
        "    groups = list(_entries(flattened))\n",
        f"{_UNIT}/api/test_listeners.py::test_a_space_in_a_groups_name_makes_no_second_group",
    ),
    Mutant(
        "E3",
        f"{_API}/listeners.py",
        "claims if claims is not None and _are_the_same(claims, verified) else None",
        "claims",
        f"{_UNIT}/api/test_listeners.py::test_another_token_opens_nothing",
    ),
    Mutant(
        "E4",
        ".github/workflows/ci.yml",
        "permissions:\n  contents: read\n",
        "permissions:\n  contents: write\n",
        f"{_INFRASTRUCTURE}/test_workflows.py::test_a_workflow_may_read_at_most",
    ),
)
MUTANTS = (
    *SPOOFING,
    *TAMPERING,
    *REPUDIATION,
    *DISCLOSURE,
    *DISCLOSURE_AT_REST,
    *DENIAL,
    *ELEVATION,
)
