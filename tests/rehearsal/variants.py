"""The parameters that are rehearsed: between them, every condition is true once and false once."""

# The account's own, which the template only names.
ACCESS_LOGS = "access-logs"
# As `sam deploy` asks for nothing: a user pool of the stack's own, nothing expires.
AS_IT_COMES: dict[str, str] = {}
EVERYTHING = {
    "PageUrl": "https://archive.example.com/",
    "CognitoDomainPrefix": "ringvault-rehearsal",
    "EmbeddingOrigins": "https://crm.example.com,https://desk.example.com",
    "EmbeddingSignInUrls": "https://crm.example.com/signed-in",
    "ObjectLockDays": "30",
    "GlacierAfterDays": "10",
    "ExpireAfterDays": "90",
    "AlarmEmail": "archive@example.com",
    "VaultKeyArn": "arn:aws:kms:us-east-1:123456789012:key/6f1e0fb1-1f3c-4c57-9f0c-0d2a5f1b7c11",
    "LogKeyArn": "arn:aws:kms:us-east-1:123456789012:key/0b0f7c7e-54a5-4d2e-8f05-6b1f5b0c2d22",
    "AccessLogBucket": ACCESS_LOGS,
    "PlaybackConcurrency": "10",
    "LogRetentionDays": "30",
}
ANOTHER_ISSUER = {
    "JwtIssuer": "https://issuer.example.com",
    "JwtAudience": "page",
    "SignInAuthorizationEndpoint": "https://issuer.example.com/authorize",
    "SignInTokenEndpoint": "https://issuer.example.com/token",
}
VARIANTS = {
    "as it comes": AS_IT_COMES,
    "everything": EVERYTHING,
    "another issuer": ANOTHER_ISSUER,
}
