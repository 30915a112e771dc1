/** What the operator says of a service that is to be told of writes. */
export interface WebhookInput {
  /** Where writes are sent. */
  url: string
  /** DID of the service, and perhaps the id of one of its services: for whom tokens are made. */
  audience: string
  /** NSID of the method that it is called by: what tokens are good for. */
  method: string
  /** NSIDs, and names that end in `.*`. */
  collections: readonly string[]
  /** Whether it is in the operator's own network: private addresses and plain http are let through. */
  isPrivate: boolean
}

export interface Webhook extends WebhookInput {
  id: number
  /** ms since the epoch */
  createdAt: number
  /** Why nothing is sent now; null: it is. */
  paused: string | null
}
