/** The text that comes first in an archive. */

export const readme = (hostname: string, did: string, part: number): string => `\
This is ${part === 1 ? '' : `part ${part} of `}what ${hostname} stores for the account ${did}.

repository.car
    Your repository: posts, likes, follows and so on, signed. Any host of the AT Protocol can import it. Tools such as
    "goat repo unpack repository.car" turn it into JSON files.

blobs/
    Images, videos and other files that you have uploaded, each named by its CID, which is a hash of its bytes: it
    stands where a record refers to it.

preferences.json
    What apps have stored for you: feeds, muted words, and the like.

account.json
    What this host knows of you besides: handle, email address, how you sign in, which apps and browsers are signed in,
    invite codes. It holds neither passwords nor keys.

app.jsonl
    What this host's own app keeps for you besides, if it keeps anything: lines of JSON, each with rows of one table.

identity.json
    Your identity: for a did:plc all that the PLC directory has on record, otherwise the DID document.

complete.json
    Comes last, and says how many blobs there are, and which this host should have but has not.
    If it is missing, the archive is not complete.
${
  part === 1
    ? ''
    : `
This part holds blobs only. All else is in the first.
`
}`
