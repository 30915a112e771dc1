/** How the pages of the OAuth provider look. Their texts are in the language of the browser, and so are the links. */
import type { Config } from '../kernel/config/config.ts'

/** As the provider takes it, from the settings of the host. */
export function providerBranding({ branding, privacyPolicyUrl, termsOfServiceUrl }: Config) {
  const { name, logoUrl, colors, background, homeUrl, supportUrl } = branding
  return {
    name,
    ...(logoUrl !== undefined && { logo: logoUrl }),
    colors: whatIsSet(colors),
    background: whatIsSet(background),
    links: [
      { title: TITLES.home, href: homeUrl, rel: 'canonical' as const },
      { title: TITLES.terms, href: termsOfServiceUrl, rel: 'terms-of-service' as const },
      { title: TITLES.privacy, href: privacyPolicyUrl, rel: 'privacy-policy' as const },
      { title: TITLES.support, href: supportUrl, rel: 'help' as const },
    ].flatMap(({ href, ...link }) => (href ? [{ ...link, href }] : [])),
  }
}

/** An undefined entry is a mistake for the provider. */
const whatIsSet = (entries: Readonly<Record<string, string | undefined>>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(entries).flatMap(([key, value]) => (value === undefined ? [] : [[key, value]])),
  )

const TITLES = {
  home: {
    en: 'Home',
    de: 'Startseite',
    pt: 'Início',
    ja: 'ホーム',
    es: 'Inicio',
    fr: 'Accueil',
  },
  terms: {
    en: 'Terms of service',
    de: 'Nutzungsbedingungen',
    pt: 'Termos de uso',
    ja: '利用規約',
    es: 'Condiciones del servicio',
    fr: 'Conditions d’utilisation',
  },
  privacy: {
    en: 'Privacy policy',
    de: 'Datenschutzerklärung',
    pt: 'Política de privacidade',
    ja: 'プライバシーポリシー',
    es: 'Política de privacidad',
    fr: 'Politique de confidentialité',
  },
  support: {
    en: 'Support',
    de: 'Hilfe',
    pt: 'Suporte',
    ja: 'サポート',
    es: 'Ayuda',
    fr: 'Assistance',
  },
}
