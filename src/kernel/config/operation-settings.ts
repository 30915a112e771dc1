/** Settings of how a host is run and watched. */
import { choice, count, secret, url } from './kinds.ts'

export const operationSettings = {
  PDS_MEMORY_MB: count(
    '1024',
    'Memory that JavaScript may take on plain workerd, in MB: a host that needs more is started again. What SQLite and ' +
      'open connections take comes on top (docs/self-hosting.md).',
  ),
  PDS_METRICS_TOKEN: secret(
    'none: the operator only, and this machine',
    'Whoever shows it, as `Authorization: Bearer`, may read `/metrics` and nothing else. At least 16 characters.',
  ),
  PDS_VERSION_URL: url(
    'none: nobody is asked',
    "Where the operator's console asks for the newest version: JSON with `version` or `tag_name`, such as a release at " +
      "GitHub's API.",
  ),
  LOG_LEVEL: choice(
    'info',
    ['info', 'error'],
    'What is logged: every request, or only what went wrong.',
  ),
} as const
