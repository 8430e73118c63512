//! Compressing pages.

use bytes::Bytes;
use parquet::basic::{Compression as Codec, ZstdLevel};
use parquet::errors::Result;
use zstd::bulk::Compressor;

use crate::writer::Compression;

/// A compressor of pages.
pub(crate) struct Pack {
    codec: Codec,
    zstd: Option<Compressor<'static>>,
}

impl Pack {
    pub(crate) fn new(compression: Compression) -> Result<Self> {
        Ok(match compression {
            Compression::None => Self {
                codec: Codec::UNCOMPRESSED,
                zstd: None,
            },
            Compression::Zstd(level) => Self {
                codec: Codec::ZSTD(ZstdLevel::try_new(level)?),
                zstd: Some(Compressor::new(level)?),
            },
        })
    }

    pub(crate) fn codec(&self) -> Codec {
        self.codec
    }

    /// The bytes of a page as they are stored.
    pub(crate) fn page(&mut self, body: &[u8]) -> Result<Bytes> {
        Ok(Bytes::from(match &mut self.zstd {
            Some(zstd) => zstd.compress(body)?,
            None => body.to_vec(),
        }))
    }
}
