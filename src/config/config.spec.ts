import { ConfigError, loadConfig } from './config.js';

describe('TRUST_PROXY', () => {
  it.each([
    ['', 0],
    ['0', 0],
    ['1', 1],
    ['3', 3],
    ['false', 0],
    ['true', 1],
  ])('"%s" means %i proxies', (TRUST_PROXY, proxies) => {
    expect(loadConfig({ TRUST_PROXY }).TRUST_PROXY).toBe(proxies);
  });

  it.each(['-1', '1.5', '10', 'yes', '10.0.0.0/8'])('may not be "%s"', (TRUST_PROXY) => {
    expect(() => loadConfig({ TRUST_PROXY })).toThrow(ConfigError);
    expect(() => loadConfig({ TRUST_PROXY })).toThrow('TRUST_PROXY: must be the number of proxies in front');
  });
});
