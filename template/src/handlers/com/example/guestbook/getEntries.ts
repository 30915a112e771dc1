import { anyone } from 'cumulus'
import { define } from '#lex/com/example/guestbook/getEntries'

export default define({
  auth: anyone,
  async handler({ params, services }) {
    const { did } = await services.accounts.get(params.owner)
    const { records } = await services.repositories.listRecords(did, {
      collection: 'com.example.guestbook.entry',
      limit: params.limit,
    })
    return { entries: records.map(({ uri, value }) => ({ uri, message: value.message })) }
  },
})
