/** All languages of mails at once, which a host loads one by one. */
import type { Language } from '../kernel/config/mail-settings.ts'
import { de } from '../services/mail/languages/de.ts'
import { en, type Strings } from '../services/mail/languages/en.ts'
import { es } from '../services/mail/languages/es.ts'
import { fr } from '../services/mail/languages/fr.ts'
import { ja } from '../services/mail/languages/ja.ts'
import { pt } from '../services/mail/languages/pt.ts'

export const languages: Readonly<Record<Language, Strings>> = { en, de, pt, ja, es, fr }
