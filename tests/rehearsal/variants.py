"""The parameters that are rehearsed: between them, every condition is true once and false once."""

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
