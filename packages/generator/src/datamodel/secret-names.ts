/** What a name ends in that is a secret: alone, or as the last of its words. */
const SECRETS: ReadonlySet<string> = withPlurals([
  ...['password', 'passwd', 'pwd', 'passphrase', 'passcode', 'secret', 'token', 'otp', 'totp', 'hotp', 'jwt'],
  ...['pin', 'cvv', 'cvc', 'apikey', 'privatekey', 'secretkey', 'accesskey', 'mnemonic', 'credential', 'ssn'],
])

/** Two words that are one together. */
const PAIRS: ReadonlySet<string> = withPlurals([
  ...['api key', 'private key', 'priv key', 'secret key', 'access key', 'signing key', 'encryption key'],
  ...['master key', 'auth key', 'recovery code', 'backup code', 'security code', 'verification code'],
  ...['pin code', 'otp code', 'mfa code', 'security answer', 'security number', 'seed phrase', 'mfa seed'],
  ...['session cookie', 'auth cookie', 'user pass', 'login pass', 'admin pass', 'db pass', 'smtp pass'],
  ...['user salt', 'hash salt', 'encryption salt', 'key hash', 'pass hash'],
])

/** Secrets as the whole name only: there are boarding passes and sea salt. */
const ALONE: ReadonlySet<string> = new Set(['pass', 'salt'])

/** What is said of a secret behind its name, and it is one still. Nothing that makes it a count, a kind or a date. */
const FORMS = [
  ...[
    'hash',
    'hashed',
    'digest',
    'salt',
    'salted',
    'seed',
    'bcrypt',
    'scrypt',
    'argon',
    'pbkdf',
    'sha',
    'md',
  ],
  ...['hmac', 'encrypted', 'enc', 'cipher', 'ciphertext', 'encoded', 'base', 'hex', 'pem', 'value', 'string'],
  ...['plain', 'plaintext', 'raw', 'old', 'new', 'previous', 'v'],
]
const IS_FORM: ReadonlySet<string> = new Set(FORMS)

/** Words written as one, `resettoken`, `passwordhash`: short secrets only where nothing stands before them, for there is `spin`. */
const COMPOUND = new RegExp(
  `(?:(?:${[
    ...['password', 'passwd', 'pwd', 'passphrase', 'passcode', 'secret', 'token', 'credential'],
    ...[...PAIRS, 'apikey', 'privatekey', 'secretkey', 'accesskey'].map((pair) => pair.replace(' ', '')),
  ].join('|')})s?|^(?:${[...SECRETS].join('|')}))(?:${FORMS.filter(({ length }) => length > 2).join('|')})?$`,
)

/**
 * Whether a field or column is named like a secret: `password`, `passwordHash`, `api_key`, `resetToken`, `otp`, `accesstoken`.
 * The last words count, so `tokenCount`, `passwordChangedAt` and `secretary` are none.
 */
export function isSecretName(name: string): boolean {
  return isSecret(wordsOf(name))
}

/** `pass`, `salt`: a secret where the value is a text, and an amount where it is a number. */
export function isSecretText(name: string): boolean {
  const [word = '', ...more] = wordsOf(name)
  return more.length === 0 && ALONE.has(word)
}

/** `hash` in the model `Password`, `key` in the model `ApiKey`: what the model is called says what it is the form of. */
export function isFormOfSecret(name: string, model: string): boolean {
  const [words, owner] = [wordsOf(name), wordsOf(model)]
  const forms = words[0] === owner.at(-1) ? words.slice(1) : words
  return words.length > 0 && isSecret(owner) && forms.every((word) => IS_FORM.has(word))
}

function isSecret(words: readonly string[]): boolean {
  const last = words.at(-1) ?? ''
  if (SECRETS.has(last) || PAIRS.has(words.slice(-2).join(' ')) || COMPOUND.test(last)) return true
  return IS_FORM.has(last) && isSecret(words.slice(0, -1))
}

/** `passwordV2` and `password_argon2id` are `password v` and `password argon`. */
function wordsOf(name: string): readonly string[] {
  return name
    .replace(/(argon2)(?:id|i|d)(?![a-z])/gi, '$1')
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .replace(/([A-Z]+)([A-Z][a-z])/g, '$1 $2')
    .toLowerCase()
    .replace(/v[0-9]+/g, ' ')
    .split(/[^a-z]+/)
    .filter((word) => word !== '')
}

function withPlurals(words: readonly string[]): ReadonlySet<string> {
  return new Set(words.flatMap((word) => [word, `${word}s`]))
}
