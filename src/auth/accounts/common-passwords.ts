/**
 * What people choose when they are asked for ten characters. Kept in lower case; a password is refused if it is one of
 * these, or one of these with a few digits or signs after it ("Password2026!").
 */
export const COMMON_PASSWORDS: ReadonlySet<string> = new Set(
  `
  password passwort passw0rd p@ssword p@ssw0rd pa55word motdepasse contrasena wachtwoord parola mypassword newpassword
  thepassword passwordpassword passpass passphrase changeme changeit changepassword secret topsecret secretpassword
  letmein letmeinnow letmeinplease welcome welcomehome welcomeback admin administrator adminadmin adminpassword
  rootroot rootpassword superuser superadmin sysadmin default defaultpassword temporary temppassword temp guest
  guestguest test testtest testing testpassword testuser tester user username userpassword login loginlogin
  qwerty qwertyui qwertyuiop qwertyuiop[] qwertyqwerty qwertz qwertzuiop qwerty123456 qwertyasdf qwertyasdfgh azerty
  azertyuiop asdfgh asdfghjkl asdfghjkl; asdfasdf asdfasdfasdf asdfqwer zxcvbn zxcvbnm qazwsx qazwsxedc qazwsxedcrfv
  1qaz2wsx 1qaz2wsx3edc 1qaz2wsx3edc4rfv 1qazxsw2 1qazxsw23edc zaq12wsx zaq1xsw2 zaq1zaq1 q1w2e3r4 q1w2e3r4t5
  q1w2e3r4t5y6 1q2w3e4r 1q2w3e4r5t 1q2w3e4r5t6y 1q2w3e 123qwe 123qweasd 123qweasdzxc qwe123 qweasdzxc qweasd asd123
  abc abcabc abcdef abcdefg abcdefgh abcdefghi abcdefghij abcdefghijk abcd1234 abc123abc123 a1b2c3d4 a1b2c3d4e5 aa123456
  1234567890 12345678910 123456789a a123456789 0123456789 0987654321 9876543210 123456789123 1234567891 123123123123
  1231231230 1234512345 1234554321 12344321 123321123321 1122334455 112233445566 1212121212 1111122222 12345qwert
  123456qwerty 1234qwer 1234qwerasdf 12345678qwerty 147258369 1472583690 789456123 7894561230 987654321 123654789
  iloveyou iloveyou2 iloveyouu iloveu iloveme ilovegod iloveyouforever loveyou lovelove loveme lovers mylove
  sunshine princess monkey dragon master football baseball basketball soccer hockey superman batman spiderman
  starwars pokemon naruto shadow michael jennifer jessica ashley daniel charlie michelle thomas jordan hunter
  liverpool manchester manchesterunited chelsea arsenal barcelona juventus realmadrid bayern newyork london paris
  computer internet windows microsoft google facebook samsung iphone apple macbook linux ubuntu server database
  trustno1 whatever nothing freedom blessed heaven jesus jesuschrist godisgood christ angel angels family friends
  forever hello hellohello helloworld hellokitty goodmorning butterfly chocolate cookie banana strawberry flower
  summer winter spring autumn january february march april june july august september october november december
  monday tuesday wednesday thursday friday saturday sunday company business office welcome1 security boucle
  boucleboucle bouclepassword mlops machinelearning correcthorsebatterystaple
  `
    .trim()
    .split(/\s+/),
);
