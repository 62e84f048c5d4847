"""Every row of the STRIDE table in docs/security.md, taken out in one way or in several."""

from tests.mutations.mutant import Mutant

_TEMPLATE = "template.yaml"
_CORE, _ADAPTERS = "layers/ringvault/ringvault/core", "layers/ringvault/ringvault/adapters"
_UNIT, _INFRASTRUCTURE, _INTEGRATION = "tests/unit", "tests/infrastructure", "tests/integration"
_CANARY = f"{_INTEGRATION}/canary/test_no_canary_gets_out.py"
_ROLES = f"{_INTEGRATION}/test_least_privilege.py"
_STORAGE = f"{_INFRASTRUCTURE}/test_storage.py"

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
        "local/authorizer.py",
        'algorithms=["RS256"]',
        'algorithms=["RS256", "PS256", "RS512"]',
        f"{_UNIT}/local/test_authorizer.py::test_refuses_anything_else",
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
        f"{_ADAPTERS}/ringcentral_transport.py",
        "urlsplit(url).username is None and _origin(url) in self._allowed",
        "str(urlsplit(url).hostname).endswith('.ringcentral.com')",
        f"{_INTEGRATION}/test_hostile_urls.py::test_any_other_is_refused",
    ),
    Mutant(
        "S6",
        _TEMPLATE,
        "            Principal:\n              Service: lambda.amazonaws.com\n",
        '            Principal:\n              AWS: "*"\n',
        f"{_INFRASTRUCTURE}/test_roles.py::test_each_role_is_assumed_by_one_aws_service",
    ),
)
TAMPERING = (
    Mutant(
        "T1",
        f"{_ADAPTERS}/vault.py",
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
        f"{_ADAPTERS}/vault.py",
        "                Body=part,\n                ChecksumCRC32=crc32,\n",
        "                Body=part,\n",
        f"{_INTEGRATION}/test_vault.py::test_every_part_carries_its_checksum",
    ),
    Mutant(
        "T3",
        f"{_CORE}/audio.py",
        "    if not _may_be_audio(content_type):\n",
        "    if False:\n",
        f"{_UNIT}/test_audio.py::test_what_is_not_audio_is_never_taken_for_it",
    ),
    Mutant(
        "T4",
        f"{_CORE}/call_record.py",
        '_ID = re.compile(r"[0-9A-Za-z_-]{1,64}")',
        '_ID = re.compile(r"[^ ]{1,64}")',
        f"{_INTEGRATION}/test_hostile_urls.py::test_keys_are_made_of_ids_only",
    ),
    Mutant(
        "T4",
        f"{_CORE}/call_record.py",
        "return value if isinstance(value, str) and _ID.fullmatch(value) else None",
        "return value if isinstance(value, str) else None",
        f"{_INTEGRATION}/test_hostile_urls.py::test_keys_are_made_of_ids_only",
    ),
    Mutant(
        "T5",
        f"{_CORE}/report_chain.py",
        "for before, after in pairwise(links)",
        "for before, after in pairwise(links[:0])",
        f"{_UNIT}/test_report_chain.py::test_a_changed_report_shows",
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
        f"{_CORE}/phone_number.py",
        '    if written.startswith("+"):\n        return read(written)\n',
        '    if written.startswith("+"):\n        return read(written[1:])\n',
        f"{_UNIT}/test_phone_number.py::test_numbers_of_two_countries_are_two",
    ),
    Mutant(
        "T10",
        f"{_CORE}/recording_selection.py",
        " for item in reading.items if _is_meant(item, selection))\n",
        " for item in reading.items)\n",
        f"{_INTEGRATION}/test_hold_and_erase.py::test_a_former_number_does_not_choose_a_recording",
    ),
)
REPUDIATION = (
    Mutant(
        "R1",
        f"{_CORE}/playback_url.py",
        "            raise PlayNotKeptError(str(error)) from error\n",
        "            del error\n",
        f"{_UNIT}/test_playback_url.py::test_what_is_not_kept_is_not_issued",
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
)
DISCLOSURE = (
    Mutant(
        "I1",
        f"{_ADAPTERS}/ringcentral_answers.py",
        '_CODE = re.compile(r"[A-Z]{3}-\\d{3}")',
        '_CODE = re.compile(r"[A-Za-z0-9_-]{1,40}")',
        f"{_CANARY}::test_content_that_is_refused_or_something_else",
    ),
    Mutant(
        "I1",
        f"{_ADAPTERS}/ringcentral_transport.py",
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
        f"{_ADAPTERS}/aws_errors.py",
        '        raise ServiceUnavailableError(f"{doing}: {code}") from error\n',
        '        raise ServiceUnavailableError(f"{doing}: {error}") from error\n',
        f"{_CANARY}::test_aws_errors_that_repeat_what_was_sent",
    ),
    Mutant(
        "I1",
        f"{_CORE}/call_record.py",
        'record_id=id_or_none(record.get("id"))',
        'record_id=record.get("id")',
        f"{_CANARY}::test_records_that_are_not_as_documented",
    ),
    Mutant(
        "I1",
        f"{_CORE}/audio.py",
        'repr(bare) if bare in _KNOWN_TYPES else "of another type"',
        "repr(bare)",
        f"{_CANARY}::test_content_that_is_refused_or_something_else",
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
        f"{_ADAPTERS}/token_store.py",
        '"ciphertext": {"B": cipher["CiphertextBlob"]},',
        '"ciphertext": {"B": token.value.encode()},',
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
        f"{_CORE}/listener.py",
        "extension_id is not None and extension_id == self.extension_id",
        "extension_id is not None",
        f"{_INTEGRATION}/playback_api/test_rights.py::test_each_may_do_what_the_table_says",
    ),
    Mutant(
        "I5",
        f"{_CORE}/recording_search.py",
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
        f"{_ADAPTERS}/presigned_url.py",
        "        left = min(self._lifetime, credentials_expire_at - at)\n",
        "        left = max(self._lifetime, credentials_expire_at - at)\n",
        f"{_INTEGRATION}/test_presigned_url.py::test_a_url_dies_with_the_roles_credentials",
    ),
    Mutant(
        "I7",
        f"{_ADAPTERS}/presigned_url.py",
        '                "ResponseCacheControl": "no-store",\n',
        "",
        f"{_INTEGRATION}/test_presigned_url.py::test_a_url_says_how_it_is_to_be_served",
    ),
    Mutant(
        "I8",
        f"{_CORE}/phone_number.py",
        '    return sha256(f"{number}{scope}".encode()).hexdigest()\n',
        '    return f"{number}{scope}"\n',
        f"{_CANARY}::test_the_main_job_tells_nothing",
    ),
    Mutant(
        "I9",
        f"{_ADAPTERS}/foreign_hosts.py",
        "        if not _ways(parts) <= self._allowed_ways():\n",
        "        if False:\n",
        f"{_INTEGRATION}/test_foreign_hosts.py::test_nothing_but_public_https_is_followed",
    ),
    Mutant(
        "I10",
        f"{_ADAPTERS}/ringcentral_client.py",
        "            if self._transport.is_configured(url):\n",
        "            if url:\n",
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
        f"{_ADAPTERS}/page_files.py",
        "script-src 'self';",
        "script-src 'self' 'unsafe-inline';",
        f"{_INTEGRATION}/playback_api/test_page.py::test_the_page_allows_audio_from_the_vault_only",
    ),
    Mutant(
        "I12",
        f"{_ADAPTERS}/http_answers.py",
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
        f"{_CORE}/archive_recording.py",
        "                self._erased(item) or self._found(item)",
        "                self._found(item)",
        f"{_UNIT}/test_archive_recording.py::test_what_has_a_proof_of_erasure_is_not_fetched",
    ),
    Mutant(
        "I18",
        f"{_CORE}/rebuild_catalogue.py",
        "            catalogue.bury_erased(tombstone)\n",
        "            pass\n",
        f"{_UNIT}/test_rebuild_catalogue.py::test_a_proof_wins_over_what_a_backup_brought_back",
    ),
    Mutant(
        "I18",
        f"{_CORE}/erase_recordings.py",
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
        f"{_CORE}/call_record.py",
        "    except (ValueError, OverflowError):\n",
        "    except OverflowError:\n",
        f"{_CANARY}::test_records_that_are_not_as_documented",
    ),
    Mutant(
        "D4",
        f"{_CORE}/message.py",
        "    except (ValueError, RecursionError):\n",
        "    except KeyError:\n",
        f"{_INTEGRATION}/test_archive_recording_handler.py"
        "::test_poison_goes_to_the_dead_letters_alone",
    ),
    Mutant(
        "D5",
        f"{_ADAPTERS}/ringcentral_client.py",
        "        if response.is_redirect:\n            response.close()\n",
        "        if response is None:\n            response.close()\n",
        f"{_INTEGRATION}/test_ringcentral_client.py::test_redirects_have_an_end",
    ),
    Mutant(
        "D6",
        f"{_ADAPTERS}/ringcentral_answers.py",
        "    return min(max(timedelta(0), until - now), MOST_PENALTY)\n",
        "    return max(timedelta(0), until - now)\n",
        f"{_INTEGRATION}/test_ringcentral_client.py::test_an_absurd_retry_after_is_a_day",
    ),
    Mutant(
        "D6",
        f"{_ADAPTERS}/ringcentral_answers.py",
        "        return min(timedelta(seconds=int(value[:9])), MOST_PENALTY)\n",
        "        return timedelta(seconds=int(value[:9]))\n",
        f"{_INTEGRATION}/test_ringcentral_client.py::test_an_absurd_retry_after_is_a_day",
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
        f"{_ADAPTERS}/catalogue_expiry.py",
        " AND attribute_not_exists(held)",
        "",
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
        f"{_CORE}/listener.py",
        "LISTENERS_GROUP in _array(_text(claims, groups_claim))",
        "LISTENERS_GROUP in _text(claims, groups_claim)",
        f"{_UNIT}/test_listener.py::test_whoever_the_token_says_nothing_of_is_no_listener",
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
