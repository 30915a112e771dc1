/**
 * Stands in for what `@simplewebauthn/server` verifies of the makers of authenticators, and their certificates: this host asks
 * for no attestation and looks at none (`src/services/factors/passkeys.ts`).
 */
const unavailable = () => {
  throw new Error('attestation is not verified')
}

export {
  unavailable as verifyAttestationAndroidKey,
  unavailable as verifyAttestationAndroidSafetyNet,
  unavailable as verifyAttestationApple,
  unavailable as verifyAttestationFIDOU2F,
  unavailable as verifyAttestationPacked,
  unavailable as verifyAttestationTPM,
}

const none = ''

export {
  none as Apple_WebAuthn_Root_CA,
  none as GlobalSign_Root_CA,
  none as GlobalSign_Root_CA_R3,
  none as GlobalSign_Root_R46,
  none as Google_Hardware_Attestation_Root_1,
  none as Google_Hardware_Attestation_Root_2,
  none as Google_Hardware_Attestation_Root_3,
  none as Google_Hardware_Attestation_Root_4,
}
