//! Addresses and strings of bits, as they are written.

use std::net::IpAddr;

/// An address with the length of its network's prefix.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Address {
    pub(super) address: IpAddr,
    pub(super) bits: u8,
}

impl Address {
    /// Reads `10.0.0.1`, `10.0.0.0/8`, `2001:db8::1/64`.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let refuse = || format!("`{text}` is not an address like `10.0.0.1` or `2001:db8::/32`");
        let (address, bits) = match text.trim().split_once('/') {
            Some((address, bits)) => (address, Some(bits.parse::<u8>().map_err(|_| refuse())?)),
            None => (text.trim(), None),
        };
        let address: IpAddr = address.parse().map_err(|_| refuse())?;
        let most = if address.is_ipv4() { 32 } else { 128 };
        let bits = bits.unwrap_or(most);
        if bits <= most { Ok(Self { address, bits }) } else { Err(refuse()) }
    }

    /// The address in the highest bits.
    fn left(self) -> u128 {
        match self.address {
            IpAddr::V4(address) => u128::from(address.to_bits()) << 96,
            IpAddr::V6(address) => address.to_bits(),
        }
    }

    /// Whether nothing is set beyond the prefix, as `cidr` demands.
    pub(super) fn is_network(self) -> bool {
        self.left().checked_shl(self.bits.into()).unwrap_or(0) == 0
    }

    /// Places all addresses on one line, IPv4 before IPv6, as the server sorts them; `shift` bits of IPv4 addresses are
    /// left out. What [`Self::key`] has to tell apart stands at the same place.
    pub(super) fn rank(self, shift: u32) -> i64 {
        let network = self.left() & u128::MAX.checked_shl(128 - u32::from(self.bits)).unwrap_or(0);
        match self.address {
            IpAddr::V4(_) => (network >> 96) as i64 >> shift,
            IpAddr::V6(_) => (1 << 32) + (network >> 66) as i64,
        }
    }

    /// What orders addresses at the same place: networks go before what is in them.
    pub(super) fn key(self) -> Vec<u8> {
        let mut key = vec![self.bits];
        key.extend_from_slice(&self.left().to_be_bytes());
        key
    }
}

/// `08:00:2b:01:02:03`, with colons, dashes, dots or nothing between.
pub(super) fn macaddr(text: &str) -> Result<i64, String> {
    let digits: String = text.trim().chars().filter(|letter| !matches!(letter, ':' | '-' | '.')).collect();
    let sound = digits.len() == 12 && digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    let value = sound.then(|| i64::from_str_radix(&digits, 16).ok()).flatten();
    value.ok_or_else(|| format!("`{text}` is not an address like `08:00:2b:01:02:03`"))
}

/// Bits, packed from the highest on, and their count.
pub(super) fn bits(text: &str) -> Result<(u32, Vec<u8>), String> {
    let text = text.trim();
    let refuse = || format!("`{text}` is not a string of bits like `1010`");
    if !text.bytes().all(|bit| matches!(bit, b'0' | b'1')) {
        return Err(refuse());
    }
    let pack = |bits: &[u8]| bits.iter().zip(0..).fold(0, |byte, (bit, at)| byte | (bit - b'0') << (7 - at));
    Ok((u32::try_from(text.len()).map_err(|_| refuse())?, text.as_bytes().chunks(8).map(pack).collect()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn addresses_sort_as_the_server_sorts_them() {
        let order = |text| Address::parse(text).map(|address| (address.rank(0), address.key())).expect(text);
        let sorted = [
            "9.255.255.255",
            "10.0.0.0/8",
            "10.0.0.0/16",
            "10.0.0.0",
            "10.0.0.1",
            "::1",
            "2001:db8::/32",
            "2001:db8::1",
        ];
        assert!(sorted.map(order).is_sorted());
        assert!(Address::parse("10.0.0.0/33").is_err() && Address::parse("10.0.0").is_err());
        assert!(Address::parse("10.0.0.0/8").is_ok_and(Address::is_network));
        assert!(!Address::parse("10.0.0.1/8").is_ok_and(Address::is_network));
        assert_eq!(macaddr("08-00-2B-01-02-03"), Ok(0x0800_2b01_0203));
        assert_eq!(bits("10100000111"), Ok((11, vec![0b1010_0000, 0b1110_0000])));
    }

    proptest! {
        #[test]
        fn nothing_panics(text: String, near in "[0-9a-f:./]{0,20}") {
            for text in [&text, &near] {
                let address = Address::parse(text);
                let _ = (address.map(|it| (it.rank(8), it.key(), it.is_network())), macaddr(text), bits(text));
            }
        }
    }
}
