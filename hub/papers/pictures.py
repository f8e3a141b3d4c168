"""Pictures as families get them: upright, no larger than a page needs, drawn anew, silent about where they were."""

import struct
import warnings
from dataclasses import dataclass
from io import BytesIO
from typing import BinaryIO, Final

from PIL import Image, ImageOps, UnidentifiedImageError
from pillow_heif import register_heif_opener

FORMATS: Final = ("JPEG", "PNG", "WEBP", "HEIF")
PIXELS_MAX: Final = 50_000_000
"""Of a picture that is opened: the largest that telephones take by themselves (48 million), 200 MB in memory."""
SIDE_MAX: Final = 2000
"""Pixels of the longest side: an A4 sheet is legible, and weighs half a megabyte."""
SMALL_SIDE: Final = 480
_QUALITY: Final = 82

_BROKEN: Final = (OSError, SyntaxError, ValueError, TypeError, EOFError, LookupError, ArithmeticError, RuntimeError)
"""What Pillow says of a file that is cut short or made up."""

register_heif_opener(thumbnails=False)
Image.MAX_IMAGE_PIXELS = PIXELS_MAX
warnings.filterwarnings("error", category=Image.DecompressionBombWarning)


class UnreadablePictureError(Exception):
    """It begins like a picture, and is none that can be drawn."""


class TooLargePictureError(Exception):
    """It says that it has more pixels than anybody needs."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture drawn anew, and a small one of it. `ending` without a dot."""

    body: bytes
    small: bytes
    media_type: str
    ending: str
    width: int
    height: int


def drawn(body: BinaryIO) -> Picture | None:
    """Draw a picture anew; None: this is none of those we take.

    Its size is read and judged before anything is unpacked. Raises UnreadablePictureError, TooLargePictureError.
    """
    try:
        with Image.open(body, formats=FORMATS) as opened:
            if opened.width * opened.height > PIXELS_MAX:
                raise TooLargePictureError
            opened.draft("RGB", (SIDE_MAX, SIDE_MAX))  # a JPEG is unpacked no larger than it will be drawn
            return _picture(opened)
    except UnidentifiedImageError:
        return None
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise TooLargePictureError from error
    except (*_BROKEN, struct.error, MemoryError) as error:
        raise UnreadablePictureError from error


def _picture(opened: Image.Image) -> Picture:
    opened.load()
    ImageOps.exif_transpose(opened, in_place=True)
    seen_through = opened.has_transparency_data
    mode = "RGBA" if seen_through else "RGB"
    plain = opened if opened.mode == mode else opened.convert(mode)  # each copy of the largest is 200 MB more
    plain.thumbnail((SIDE_MAX, SIDE_MAX), Image.Resampling.LANCZOS)
    if seen_through and plain.getchannel("A").getextrema() == (255, 255):
        plain, seen_through = plain.convert("RGB"), False
    small = plain.copy()
    small.thumbnail((SMALL_SIDE, SMALL_SIDE), Image.Resampling.LANCZOS)
    media_type, ending = ("image/png", "png") if seen_through else ("image/jpeg", "jpg")
    return Picture(_saved(plain, ending), _saved(small, ending), media_type, ending, plain.width, plain.height)


def _saved(image: Image.Image, ending: str) -> bytes:
    """Write the pixels and nothing else: a copy without the words that came with the file."""
    bare, body = Image.new(image.mode, image.size), BytesIO()
    bare.paste(image)
    if ending == "png":
        bare.save(body, "PNG")
    else:
        bare.save(body, "JPEG", quality=_QUALITY, progressive=True)
    return body.getvalue()
