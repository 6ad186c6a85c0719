//! Addresses and strings of bits.

use std::net::IpAddr;

use super::{field, fixed};

/// `inet`, or `cidr` where `cidr` says so: an address with the length of its network's prefix.
pub fn inet(address: IpAddr, bits: u8, cidr: bool, out: &mut Vec<u8>) {
    field(out, |out| match address {
        // PostgreSQL's own numbers for the families, which are the same on every system.
        IpAddr::V4(address) => {
            out.extend_from_slice(&[2, bits, u8::from(cidr), 4]);
            out.extend_from_slice(&address.octets());
        }
        IpAddr::V6(address) => {
            out.extend_from_slice(&[3, bits, u8::from(cidr), 16]);
            out.extend_from_slice(&address.octets());
        }
    });
}

/// `macaddr`, from the lower 48 bits.
#[inline]
pub fn macaddr(value: u64, out: &mut Vec<u8>) {
    let bytes = value.to_be_bytes();
    fixed::<6, 10>([bytes[2], bytes[3], bytes[4], bytes[5], bytes[6], bytes[7]], out);
}

/// `bit` and `varbit`: so many bits of `bytes`, the highest first. What `bytes` has beyond them is zero.
pub fn bits(count: u32, bytes: &[u8], out: &mut Vec<u8>) {
    debug_assert_eq!(bytes.len(), count.div_ceil(8) as usize);
    field(out, |out| {
        out.extend_from_slice(&count.to_be_bytes());
        out.extend_from_slice(bytes);
    });
}
