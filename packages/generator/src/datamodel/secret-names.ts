/** What a name ends in that is a secret: alone, or as the last of its words. */
const SECRETS: ReadonlySet<string> = new Set(
  [
    ...['password', 'passwd', 'pwd', 'passphrase', 'passcode', 'secret', 'token', 'otp', 'totp', 'hotp'],
    ...['pin', 'cvv', 'cvc', 'apikey', 'privatekey', 'secretkey', 'accesskey', 'mnemonic', 'credential'],
  ].flatMap((word) => [word, `${word}s`]),
)

/** Two words that are one together. */
const PAIRS: ReadonlySet<string> = new Set(
  [
    ...['api key', 'private key', 'secret key', 'access key', 'signing key', 'encryption key'],
    ...['recovery code', 'backup code', 'security code', 'security answer', 'seed phrase'],
    ...['password hash', 'password digest', 'token hash', 'secret hash', 'otp hash', 'pin hash', 'key hash'],
    ...['pwd hash', 'passwd hash', 'password salt', 'password encrypted', 'otp code'],
  ].flatMap((pair) => [pair, `${pair}s`]),
)

/**
 * Whether a field or column is named like a secret: `password`, `passwordHash`, `api_key`, `resetToken`, `otp`. The last
 * words count, so `tokenCount`, `passwordChangedAt` and `secretary` are none.
 */
export function isSecretName(name: string): boolean {
  const words = name
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .replace(/([A-Z]+)([A-Z][a-z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^a-z]+/)
    .filter((word) => word !== '')
  return SECRETS.has(words.at(-1) ?? '') || PAIRS.has(words.slice(-2).join(' '))
}
