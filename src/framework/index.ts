/**
 * What the files of a project import: its handlers, collections and their tests take nothing else of this package
 * (docs/framework.md). Whatever is exported here stays, or goes with a new major version.
 */
export {
  AuthRequiredError,
  ForbiddenError,
  InternalServerError,
  InvalidRequestError,
  MethodNotImplementedError,
  UpstreamFailureError,
  XRPCError,
} from '@atproto/xrpc-server'
export type {
  OAuthCredentials,
  SessionCredentials,
  UserCredentials,
} from '../context/credentials.ts'
export {
  byAccount,
  byAddress,
  perDay,
  perFiveMinutes,
  perHour,
  type RateLimit,
} from '../context/limits/policy.ts'
export type { Services } from '../context/services.ts'
export type { AccountTables, HostTables } from '../kernel/app-tables.ts'
export type {
  Collection,
  CollectionIndexes,
  Collections,
  Methods,
  RecordOf,
} from '../kernel/collections.ts'
export type { JobSchedule } from '../kernel/job-files.ts'
export { mayForward } from '../proxy/permission.ts'
export { mayCall, type OAuthRule, type PermittedCall } from '../server/auth/oauth-rule.ts'
export {
  type AuthPolicy,
  admin,
  adminOrModerator,
  anyone,
  fullSession,
  session,
  sessionOrService,
  viewer,
} from '../server/auth/policy.ts'
export {
  type CallAs,
  type CallContext,
  type CallOptions,
  type CallOutput,
  call,
  type MethodName,
} from '../server/call/call.ts'
export { type ForwardOptions, forward } from '../server/call/forward.ts'
export type {
  CollectionDefinition,
  DoneWrite,
  PlannedWrite,
} from '../server/collections/define.ts'
export { type JobDefinition, type JobRun, job } from '../server/jobs/define.ts'
export {
  fromLog,
  type LoggedAccount,
  type LoggedRecord,
  type LogHandler,
  type LogSource,
  type StreamMessage,
} from '../server/streams/from-log.ts'
export { type BytesOptions, type BytesResponse, bytes, readBytes } from '../server/xrpc/bytes.ts'
export type { Context, Definition, MethodShape, Output } from '../server/xrpc/define.ts'
export type { AppDatabase, AppDatabases, AppParameter } from '../services/app/databases.ts'
export type {
  CollectionReader,
  Condition,
  IndexReader,
  Page,
  PageOptions,
  ReaderOf,
} from '../services/collections/host-index.ts'
export type { AppRow, AppValue } from '../storage/app/tables.ts'
