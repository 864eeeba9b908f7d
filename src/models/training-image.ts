import { AppError } from '../errors/app-error.js';

/** `registry/repository`, with a tag or digest or both: what SageMaker takes. */
const IMAGE = /^[a-z0-9.-]+(:\d+)?(\/[a-z0-9._-]+)+(:[A-Za-z0-9_][A-Za-z0-9._-]{0,127})?(@sha256:[0-9a-f]{64})?$/;
/** Of the platform. */
const LONGEST = 255;

/**
 * Checks that a model may be trained by this image: its script costs money, and reads the data.
 * @param allowList repositories, or whole images.
 * @throws AppError BAD_INPUT for what is no image, FORBIDDEN for one that is not allowed by the setting.
 */
export function assertAllowedImage(image: string, allowList: readonly string[]): void {
  if (!IMAGE.test(image) || image.length > LONGEST) {
    throw new AppError(
      'BAD_INPUT',
      `${JSON.stringify(image.slice(0, LONGEST))} is no image. Name it as registry/repository:tag or registry/repository@sha256:…`,
    );
  }
  if (allowList.some((entry) => image === entry || image.startsWith(`${entry}:`) || image.startsWith(`${entry}@`)))
    return;
  throw new AppError(
    'FORBIDDEN',
    `The training image ${image} is not allowed here. An administrator can allow it, or its repository, with SAGEMAKER_IMAGE_ALLOW_LIST.`,
  );
}
