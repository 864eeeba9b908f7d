import { assertAllowedImage } from './training-image.js';

const REGISTRY = '123456789012.dkr.ecr.eu-west-1.amazonaws.com';
const DIGEST = `sha256:${'0a'.repeat(32)}`;

describe('images of training scripts', () => {
  it.each([
    [`${REGISTRY}/scripts`, `${REGISTRY}/scripts:3`],
    [`${REGISTRY}/scripts`, `${REGISTRY}/scripts@${DIGEST}`],
    [`${REGISTRY}/scripts`, `${REGISTRY}/scripts`],
    [`${REGISTRY}/team/scripts:3`, `${REGISTRY}/team/scripts:3@${DIGEST}`],
    ['localhost:5000/scripts', 'localhost:5000/scripts:latest'],
  ])('%s allows %s', (entry, image) => {
    expect(() => {
      assertAllowedImage(image, ['other/one', entry]);
    }).not.toThrow();
  });

  it.each([
    [`${REGISTRY}/scripts`, `${REGISTRY}/scripts-of-others:3`],
    [`${REGISTRY}/scripts`, `${REGISTRY}/scripts/more:3`],
    [`${REGISTRY}/scripts:3`, `${REGISTRY}/scripts:30`],
    [`${REGISTRY}/scripts`, `elsewhere.example/${REGISTRY}/scripts:3`],
    [REGISTRY, `${REGISTRY}/scripts:3`],
  ])('%s does not allow %s', (entry, image) => {
    expect(() => {
      assertAllowedImage(image, [entry]);
    }).toThrow(/SAGEMAKER_IMAGE_ALLOW_LIST/);
  });

  it.each([
    'scripts:3',
    `${REGISTRY}/Scripts`,
    `${REGISTRY}/scripts@sha256:0a`,
    `${REGISTRY}/scripts:3 --privileged`,
    '',
  ])('%j is none', (image) => {
    expect(() => {
      assertAllowedImage(image, [REGISTRY]);
    }).toThrow(/is no image/);
  });
});
