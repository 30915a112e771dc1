/** `cumulus doctor` finds each thing that is wrong with a host or the network around it, and nothing where all is well. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { hasOpenssl } from '../support/certificates.ts'
import { type Patient, startPatient } from '../support/doctor.ts'

describe.runIf(hasOpenssl)('a host in a network', () => {
  let patient: Patient

  beforeAll(async () => {
    patient = await startPatient()
    await patient.listen()
  })
  afterAll(() => patient?.stop())

  test('nothing is found where all is well, and every check was made', async () => {
    const { results } = await patient.examine()
    const not = results.filter(({ result }) => result !== 'well')
    expect(not).toEqual([])
  })
})
