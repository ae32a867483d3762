import { describe, expect, it } from 'vitest'
import { isFormOfSecret, isSecretName, isSecretText } from '../../src/datamodel/secret-names.ts'

const named = (name: string) => isSecretName(name) || isSecretText(name)

describe('a name is that of a secret', () => {
  it.each([
    ...['password', 'passwords', 'Password', 'PASSWORD', 'userPassword', 'user_password', 'passwd', 'pwd'],
    ...[
      'passwordHash',
      'password_hash',
      'password-hash',
      'passwordDigest',
      'passwordSalt',
      'passwordEncrypted',
    ],
    ...[
      'passwordV2',
      'password_v2',
      'passwordv2',
      'password2',
      'passwordHashV2',
      'token_v1_hash',
      'passwordOld',
    ],
    ...[
      'passwordBcrypt',
      'password_argon2id',
      'passwordArgon2',
      'passwordSha256',
      'passwordMd5',
      'tokenBase64',
    ],
    ...['passwordhash', 'passwordbcrypt', 'userpassword', 'oldpassword', 'PASSWORDHASH', 'dbpwd', 'pwdhash'],
    ...['accesstoken', 'resettoken', 'refreshtokens', 'AccessToken', 'csrfToken', 'tokenhash', 'pageToken'],
    ...['secret', 'clientSecret', 'clientsecret', 'secretValue', 'secret_value', 'tokenValue', 'secrethash'],
    ...[
      'accessTokenEncrypted',
      'clientSecretEncrypted',
      'access_token_enc',
      'encryptedPassword',
      'tokenCiphertext',
    ],
    ...['apiKey', 'api_key', 'apikey', 'APIKey', 'stripeapikey', 'apiKeyHash', 'apikeyhash', 'privateKeyPem'],
    ...['privatekey', 'signingkey', 'masterKey', 'keyHash', 'keyhash'],
    ...[
      'pin',
      'pinCode',
      'pin_code',
      'pincode',
      'pinHash',
      'pinhash',
      'pass',
      'userPass',
      'userpass',
      'passHash',
    ],
    ...[
      'jwt',
      'authJwt',
      'otp',
      'otpSeed',
      'otpseed',
      'otpHash',
      'totpSecret',
      'mfaSeed',
      'mfaseed',
      'mfa_code',
    ],
    ...['recoveryCodes', 'backupcodes', 'seedPhrase', 'securityAnswer', 'mnemonic', 'cvv', 'credentials'],
    ...['sessionCookie', 'session_cookie', 'salt', 'userSalt', 'hashSalt', 'ssn', 'socialSecurityNumber'],
  ])('%s', (name) => {
    expect(named(name)).toBe(true)
  })
})

describe('a name is not that of a secret', () => {
  it.each([
    ...[
      'passenger',
      'passengers',
      'compass',
      'bypass',
      'passage',
      'passport',
      'boardingPass',
      'skiPass',
      'surpass',
    ],
    ...['tokenCount', 'tokenType', 'tokenId', 'tokenVersion', 'tokenExpiresAt', 'tokenizer', 'tokenized'],
    ...['passwordChangedAt', 'passwordResetCount', 'passwordPolicy', 'passwordless', 'isPasswordSet'],
    ...['secretary', 'secretariat', 'secretSanta', 'secretName', 'secrete', 'credentialId', 'credentialType'],
    ...['hash', 'contentHash', 'commitHash', 'blockhash', 'hashtag', 'digest', 'checksum', 'sha256', 'md5'],
    ...['saltwater', 'seaSalt', 'basalt', 'saltGrams', 'cobalt', 'seed', 'randomSeed', 'value', 'v2'],
    ...['sessionId', 'session', 'assignee', 'lesson', 'classNumber', 'assn', 'pinned', 'pinnedAt', 'spin'],
    ...[
      'opinion',
      'shipping',
      'spinhash',
      'pinnable',
      'postcode',
      'zipCode',
      'countryCode',
      'code',
      'promoCode',
    ],
    ...['key', 'publicKey', 'primaryKey', 'foreignkey', 'monkey', 'keyboard', 'cookie', 'cookieConsent'],
    ...[
      'otpEnabled',
      'mfaEnabled',
      'mfaMethod',
      'ssnVerified',
      'jwtKid',
      'apiKeyId',
      'pinboard',
      'cipher',
      '',
    ],
  ])('%s', (name) => {
    expect(named(name)).toBe(false)
  })
})

describe('a field of a model that is called like a secret', () => {
  it.each([
    ['Password', 'hash'],
    ['Password', 'salt'],
    ['UserPassword', 'hash'],
    ['user_passwords', 'digest'],
    ['Credential', 'hash'],
    ['Credentials', 'salt'],
    ['ApiKey', 'key'],
    ['ApiKey', 'keyHash'],
    ['api_keys', 'hash_v2'],
    ['RefreshToken', 'value'],
    ['Passwordhash', 'value'],
  ])('%s.%s is one', (model, name) => {
    expect(isFormOfSecret(name, model)).toBe(true)
  })

  it.each([
    ['Password', 'userId'],
    ['Password', 'hashAlgorithm'],
    ['Credential', 'type'],
    ['ApiKey', 'name'],
    ['ApiKey', 'prefix'],
    ['Token', 'kind'],
    ['Token', ''],
    ['File', 'hash'],
    ['PublicKey', 'key'],
    ['Secretary', 'value'],
    ['Passenger', 'hash'],
  ])('%s.%s is none', (model, name) => {
    expect(isFormOfSecret(name, model)).toBe(false)
  })
})
