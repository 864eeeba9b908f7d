import { hasRole, lowerRole, mayUseModel, ROLES } from './principal.js';

describe('roles', () => {
  it('may each do what those before them may, and no more', () => {
    ROLES.forEach((role, rank) => {
      expect(ROLES.filter((demanded) => hasRole({ role }, demanded))).toEqual(ROLES.slice(0, rank + 1));
    });
  });

  it('bound each other to the lower one', () => {
    expect(lowerRole('ADMIN', 'PREDICTOR')).toBe('PREDICTOR');
    expect(lowerRole('VIEWER', 'ENGINEER')).toBe('VIEWER');
  });
});

describe('mayUseModel', () => {
  it('lets a credential without a list use every model, and another only those on it', () => {
    expect(mayUseModel({ models: null }, 'weather')).toBe(true);
    expect(mayUseModel({ models: ['weather'] }, 'weather')).toBe(true);
    expect(mayUseModel({ models: ['weather'] }, 'Weather')).toBe(false);
    expect(mayUseModel({ models: [] }, 'weather')).toBe(false);
  });
});
