//! The header of a frame (RFC 6455, 5.2), as far as it has arrived.

use tokio::io::ReadBuf;

/// The longest header of a frame, in bytes.
const MAX_HEADER: usize = 14;

/// The value of the length field for a length in the next two bytes, and in the next eight.
const LENGTH_IN_2_BYTES: u8 = 0x7e;
const LENGTH_IN_8_BYTES: u8 = 0x7f;

/// The mark of the last frame of a message, in the first byte.
pub(super) const FIN: u8 = 0x80;
/// The mark of a masked payload, in the second byte.
const MASKED: u8 = 0x80;
const OPCODE: u8 = 0x0f;
/// The opcodes of continuations, texts and binary data; those above are of control frames, which have no fragments.
const LAST_DATA_OPCODE: u8 = 2;

/// The beginning of a frame.
#[derive(Clone, Copy, Default)]
pub(super) struct Header {
    bytes: [u8; MAX_HEADER],
    length: usize,
}

impl Header {
    pub(super) fn new(first: u8, mask: Option<[u8; 4]>, payload: u64) -> Self {
        let mut header = Self::default();
        let masked = if mask.is_some() { MASKED } else { 0 };
        // A fragment has at most MAX_FRAME bytes.
        match u16::try_from(payload).unwrap_or(u16::MAX) {
            short @ 0..=125 => header.extend(&[first, masked | short.to_be_bytes()[1]]),
            long => {
                header.extend(&[first, masked | LENGTH_IN_2_BYTES]);
                header.extend(&long.to_be_bytes());
            }
        }
        header.extend(&mask.unwrap_or_default()[..if mask.is_some() { 4 } else { 0 }]);
        header
    }

    pub(super) fn extend(&mut self, bytes: &[u8]) {
        self.bytes[self.length..self.length + bytes.len()].copy_from_slice(bytes);
        self.length += bytes.len();
    }

    /// How many bytes of an extended length follow the first two.
    fn extended_length(&self) -> usize {
        match self.bytes[1] & !MASKED {
            LENGTH_IN_2_BYTES => 2,
            LENGTH_IN_8_BYTES => 8,
            _ => 0,
        }
    }

    fn is_masked(&self) -> bool {
        self.bytes[1] & MASKED != 0
    }

    /// The number of bytes that are missing, as far as it is known.
    pub(super) fn missing(&self) -> usize {
        let complete =
            if self.length < 2 { 2 } else { 2 + self.extended_length() + if self.is_masked() { 4 } else { 0 } };
        complete - self.length
    }

    pub(super) fn payload_length(&self) -> u64 {
        let extended = &self.bytes[2..2 + self.extended_length()];
        if extended.is_empty() {
            return u64::from(self.bytes[1] & !MASKED);
        }
        extended.iter().fold(0, |length, byte| length << 8 | u64::from(*byte))
    }

    pub(super) fn mask(&self) -> Option<[u8; 4]> {
        self.is_masked().then(|| {
            let at = 2 + self.extended_length();
            std::array::from_fn(|index| self.bytes[at + index])
        })
    }

    /// Moves as much as fits.
    pub(super) fn move_to(&mut self, out: &mut ReadBuf<'_>) {
        let count = self.length.min(out.remaining());
        out.put_slice(&self.bytes[..count]);
        self.bytes.copy_within(count..self.length, 0);
        self.length -= count;
    }

    pub(super) fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// Whether the frame is a part of a message, and not a control frame.
    pub(super) fn is_data(&self) -> bool {
        self.bytes[0] & OPCODE <= LAST_DATA_OPCODE
    }

    /// Whether the frame is the last one of its message.
    pub(super) fn is_final(&self) -> bool {
        self.bytes[0] & FIN != 0
    }

    /// The first byte without the mark of the last frame.
    pub(super) fn kind(&self) -> u8 {
        self.bytes[0] & !FIN
    }
}
