import { AppError } from '../../errors/app-error.js';
import { COMMON_PASSWORDS } from './common-passwords.js';
import { normaliseEmail } from './email.js';
import { requireGoodPassword } from './password-rules.js';

const EMAIL = 'grace.hopper@example.org';

function problemOf(password: string): string {
  try {
    requireGoodPassword(password, EMAIL);
    return '';
  } catch (error) {
    if (error instanceof AppError && error.code === 'BAD_INPUT') return error.message;
    throw error;
  }
}

describe('requireGoodPassword', () => {
  it.each(['a fine long phrase', 'zU7&kq!pL2', '纯粹的长密码用于测试哦', 'abcdefghij klm', '🦀🐙🦑🐡🐠🐟🐬🐳🐋🦈'])(
    'takes %s',
    (password) => {
      expect(problemOf(password)).toBe('');
    },
  );

  it('takes 10 to 200 characters, counted as a person would', () => {
    expect(problemOf('z7Kq!pL2x')).toMatch(/at least 10/);
    expect(problemOf('z7Kq!pL2xY')).toBe('');
    expect(problemOf('z7Kq!pL2xY'.repeat(20))).toBe('');
    expect(problemOf(`${'z7Kq!pL2xY'.repeat(20)}!`)).toMatch(/at most 200/);
    // Five crabs are ten UTF-16 units, but five characters.
    expect(problemOf('🦀🐙🦑🐡🐠')).toMatch(/at least 10/);
  });

  it.each([
    '1234567890',
    'QWERTYUIOP',
    'Password123',
    'password2026!',
    'ｐａｓｓｗｏｒｄ123',
    'Letmein1234',
    'administrator',
  ])('refuses %s as common', (password) => {
    expect(problemOf(password)).toMatch(/guessed first/);
  });

  it('refuses repetitions and the own e-mail address', () => {
    expect(problemOf('abababababab')).toMatch(/repeats/);
    expect(problemOf('Grace.Hopper@example.org')).toMatch(/e-mail/);
    expect(problemOf('grace.hopper1906')).toMatch(/e-mail/);
  });

  it('never repeats the password in its message', () => {
    for (const password of ['short', 'Password123', 'abababababab', 'grace.hopper1906']) {
      expect(problemOf(password)).not.toContain(password);
    }
  });

  it('has its list in the form that it compares with', () => {
    for (const word of COMMON_PASSWORDS) expect(word).toBe(word.toLowerCase().normalize('NFKC'));
  });
});

describe('normaliseEmail', () => {
  it('makes one address of its spellings', () => {
    expect(normaliseEmail('  Ada.LOVELACE@Example.ORG ')).toBe('ada.lovelace@example.org');
    expect(normaliseEmail('ａｄａ@example.org')).toBe('ada@example.org');
  });
});
