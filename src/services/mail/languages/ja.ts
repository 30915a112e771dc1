import type { Strings } from './en.ts'

export const ja: Strings = {
  tag: 'ja',
  quotes: { open: '「', close: '」' },

  tokens: {
    lifetime: 'このコードは {minutes} 分以内に一度だけ使えます。ほかの人には教えないでください。',
    confirm_email: {
      subject: '{service}：メールアドレスの確認',
      asked:
        '{service} に、このメールアドレスが {handle} のものであることを確認する依頼がありました。ご本人の場合は、次のコードを入力してください。',
      otherwise:
        '心当たりがない場合は、何もする必要はありません。コードが入力されないかぎり、アドレスは確認されません。',
    },
    update_email: {
      subject: '{service}：メールアドレスの変更',
      asked:
        '{service} に、{handle} のメールアドレスを変更する依頼がありました。ご本人の場合は、次のコードを入力してください。',
      otherwise:
        '心当たりがない場合は、何もする必要はありません。コードが入力されないかぎり、アドレスは変わりません。',
    },
    reset_password: {
      subject: '{service}：パスワードの再設定',
      asked:
        '{service} に、{handle} のパスワードを再設定する依頼がありました。ご本人の場合は、次のコードを入力してください。',
      otherwise:
        '心当たりがない場合は、何もする必要はありません。コードが入力されないかぎり、パスワードは変わりません。',
    },
    delete_account: {
      subject: '{service}：アカウントの削除',
      asked:
        '{service} に、アカウント {handle} を完全に削除する依頼がありました。ご本人の場合は、次のコードを入力してください。',
      otherwise:
        '心当たりがない場合は、何もする必要はありません。コードが入力されないかぎり、アカウントは削除されません。',
    },
    plc_operation: {
      subject: '{service}：アイデンティティの変更',
      asked:
        '{service} に、{handle} のアイデンティティ（DID）の変更に署名する依頼がありました。ご本人の場合は、次のコードを入力してください。',
      otherwise:
        '心当たりがない場合は、何もする必要はありません。コードが入力されないかぎり、アイデンティティは変わりません。',
    },
    sign_in: {
      subject: '{service}：ログイン用コード',
      asked:
        '{service} で {handle} の正しいパスワードが入力され、ログイン用のコードが求められました。ご本人の場合は、次のコードを入力してください。',
      otherwise:
        '心当たりがない場合は、パスワードがほかの人に知られています。すぐに変更してください。コードがなければログインはできません。',
    },
  },

  notices: {
    'passkey added': {
      subject: '{service}：パスキーが追加されました',
      said: '{handle} にパスキー{name}が追加されました。このパスキーを持つ人はログインできます。',
    },
    'passkey removed': {
      subject: '{service}：パスキーが削除されました',
      said: '{handle} のパスキーが削除されました。',
    },
    'app password added': {
      subject: '{service}：アプリパスワードが作成されました',
      said: '{handle} のアプリパスワード{name}が作成されました。',
    },
    'authenticator app on': {
      subject: '{service}：ログイン方法が変更されました',
      said: '{handle} に認証アプリが設定されました。ログイン時に認証アプリのコードが必要になります。',
    },
    'authenticator app off': {
      subject: '{service}：ログイン方法が変更されました',
      said: '{handle} の認証アプリが無効になりました。認証アプリのコードは求められなくなります。',
    },
    'codes by mail on': {
      subject: '{service}：ログイン方法が変更されました',
      said: '{handle} のメールによるコードが有効になりました。',
    },
    'codes by mail off': {
      subject: '{service}：ログイン方法が変更されました',
      said: '{handle} のメールによるコードが無効になりました。',
    },
    'recovery codes made': {
      subject: '{service}：ログイン方法が変更されました',
      said: '{handle} の新しいリカバリーコードが作成されました。以前のコードは使えなくなりました。',
    },
    'email changed': {
      subject: '{service}：メールアドレスが変更されました',
      said: '{handle} のメールアドレスが{to}に変更されました。このアドレスは今後使われません。',
    },
    'password changed': {
      subject: '{service}：パスワードが変更されました',
      said: '{handle} のパスワードが変更され、すべてのブラウザーとアプリがログアウトされました。',
    },
    'new browser': {
      subject: '{service}：新しいブラウザーからのログイン',
      said: 'これまで使われていないブラウザーから {handle} へのログインがありました。',
    },
    'app sign-in': {
      subject: '{service}：新しいアプリからのログイン',
      said: 'これまで使われていないアプリまたはネットワークから、パスワードによる {handle} へのログインがありました。',
    },
    'recovery key added': {
      subject: '{service}：リカバリーキーが追加されました',
      said: '{handle} のアイデンティティ（DID）にリカバリーキーが追加されました：{key}　このキーを持つ人は、アイデンティティの変更を取り消したり、別のサーバーへ移したりできます。',
    },
    'identity change signed': {
      subject: '{service}：アイデンティティの変更に署名しました',
      said: 'メールでお送りしたコードが入力されたため、{service} は {handle} のアイデンティティ（DID）の変更に署名しました。この署名により、アカウントを別のサーバーへ移すことができます。リカバリーキーがあれば、72 時間以内は取り消せます。',
    },
    'account taken down': {
      subject: '{service}：アカウントが停止されました',
      said: '{service} の運営者がアカウント {handle} を停止しました。ほかの人からは見えなくなっています。データは削除されていません。',
    },
    'account restored': {
      subject: '{service}：アカウントの停止が解除されました',
      said: '{service} の運営者がアカウント {handle} の停止を解除しました。ほかの人からまた見えるようになりました。',
    },
    'data downloaded': {
      subject: '{service}：データがダウンロードされました',
      said: '{handle} のすべてのデータが、データのページから 1 つのファイルとしてダウンロードされました。',
    },
  },

  signUps: {
    waiting: {
      subject: '{service}：登録は承認待ちです',
      said: '{service} にアカウント {handle} を作成しました。運営者の承認を待っており、承認されるまで他の人には表示されません。',
      next: '結果はメールでお知らせします。それまでの間、メールアドレスの確認やアカウントの削除ができます：{url}',
    },
    approved: {
      subject: '{service}：アカウントが承認されました',
      said: '{service} のアカウント {handle} が承認されました。',
      next: 'ネットワークのどのアプリからでもログインできます。サーバーを尋ねられたら {host} と入力してください。',
    },
    refused: {
      subject: '{service}：登録は承認されませんでした',
      said: '{service} への {handle} としての登録は承認されず、保存されていたものはすべて削除されました。',
      next: '{reason}',
    },
  },

  stillGood: '次のものは引き続きログインに使えます：{list}。心当たりのないものは削除してください。',
  stillPasskeys: 'パスキー {count} 個',
  stillAppPasswords: 'アプリパスワード {names}',
  listSeparator: '、',
  agent: 'ログインに使われたプログラム：{agent}',
  time: '日時：{time}',
  ifNotYou:
    'ご本人の操作であれば、何もする必要はありません。心当たりがない場合は、パスワードを変更し、次のページで心当たりのないものを削除してください：{url}',
  questions: 'お問い合わせ：{contact}',
  turnOff: 'ログインに関するメールは停止できます：{url}',

  page: {
    title: 'ログインに関するメール',
    on: '新しいブラウザーまたはアプリから {handle} へのログインがあると、メールが送られます。',
    off: '新しいブラウザーまたはアプリから {handle} へのログインがあっても、メールは送られません。その他の変更は引き続きお知らせします。',
    turnOff: '停止する',
    turnOn: '再開する',
    badLink: 'このリンクは不完全です。メールに書かれているとおりに、もう一度開いてください。',
  },
}
