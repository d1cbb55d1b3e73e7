//! Compressed streams, told by their first bytes and not by their names.

use std::io::{self, BufReader, Chain, Cursor, Read};

use bzip2::read::MultiBzDecoder;
use flate2::read::MultiGzDecoder;
use liblzma::read::XzDecoder;
use zstd::stream::read::Decoder as ZstdDecoder;

/// Counts what is read.
pub(crate) struct Counted<R> {
    pub(crate) inner: R,
    pub(crate) bytes: u64,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.inner.read(buffer)?;
        self.bytes += length as u64;
        Ok(length)
    }
}

/// Bytes that are read to tell how a stream is packed: a whole number of pages, so that what follows is read from the
/// beginning of one.
const START: usize = 64 << 10;

type Whole<R> = Chain<Cursor<Vec<u8>>, R>;

/// A stream, unpacked.
pub(crate) enum Packed<R: Read> {
    Plain(Whole<R>),
    Gzip(Box<MultiGzDecoder<Whole<R>>>),
    Bzip2(Box<MultiBzDecoder<Whole<R>>>),
    Xz(Box<XzDecoder<Whole<R>>>),
    Zstd(Box<ZstdDecoder<'static, BufReader<Whole<R>>>>),
}

impl<R: Read> Packed<R> {
    pub(crate) fn open(mut stream: R) -> io::Result<Self> {
        let start = first(&mut stream)?;
        let mut magic = [0; 6];
        magic[..start.len().min(6)].copy_from_slice(&start[..start.len().min(6)]);
        let whole = Cursor::new(start).chain(stream);
        Ok(match magic {
            [0x1f, 0x8b, ..] => Self::Gzip(Box::new(MultiGzDecoder::new(whole))),
            [b'B', b'Z', b'h', b'1'..=b'9', ..] => Self::Bzip2(Box::new(MultiBzDecoder::new(whole))),
            [0xfd, b'7', b'z', b'X', b'Z', 0] => Self::Xz(Box::new(XzDecoder::new_multi_decoder(whole))),
            [0x28, 0xb5, 0x2f, 0xfd, ..] => Self::Zstd(Box::new(ZstdDecoder::new(whole)?)),
            _ => Self::Plain(whole),
        })
    }
}

/// The first bytes of a stream, as many as one read gives; of a pipe that gives few, enough to tell.
fn first(stream: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut start = vec![0; START];
    let mut length = 0;
    while length < 6 {
        match stream.read(&mut start[length..]) {
            Ok(0) => break,
            Ok(more) => length += more,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    start.truncate(length);
    Ok(start)
}

impl<R: Read> Read for Packed<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(stream) => stream.read(buffer),
            Self::Gzip(stream) => stream.read(buffer),
            Self::Bzip2(stream) => stream.read(buffer),
            Self::Xz(stream) => stream.read(buffer),
            Self::Zstd(stream) => stream.read(buffer),
        }
    }
}
