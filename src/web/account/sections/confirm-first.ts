import { html } from 'hono/html'
import { type Html, SETTINGS } from '../../layout.ts'
import type { PageName } from '../navigation.ts'

/** Stands where something is that takes credentials which were shown lately. */
export const confirmFirst = (page: PageName, why: string): Html => html`
<p>${why}</p>
<p><a class="button" href="${SETTINGS}/confirm?next=${page}">Confirm that it is you</a></p>`
