//! Listening sockets, as `/proc/PID/net/tcp` and `tcp6` list them (proc(5)).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// A socket that listens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Socket {
    /// Its inode, as in the links in `/proc/PID/fd`.
    pub(super) inode: u64,
    /// The local address; one that IPv6 only wraps is the IPv4 address it stands for.
    pub(super) address: IpAddr,
    /// The local port.
    pub(super) port: u16,
}

/// `TCP_LISTEN` in hexadecimal.
const LISTEN: &[u8] = b"0A";

/// The listening sockets in the text of a table; lines that say nothing sensible are passed over.
pub(super) fn listening(table: &[u8]) -> impl Iterator<Item = Socket> {
    table.split(|byte| *byte == b'\n').filter_map(socket)
}

fn socket(line: &[u8]) -> Option<Socket> {
    let mut words = line
        .split(u8::is_ascii_whitespace)
        .filter(|word| !word.is_empty());
    // The slot, the local address, the remote one, the state.
    let local = words.nth(1)?;
    if words.nth(1)? != LISTEN {
        return None;
    }
    let colon = local.iter().position(|byte| *byte == b':')?;
    // Queues, timer, retransmissions, owner, timeout, inode.
    let inode = std::str::from_utf8(words.nth(5)?).ok()?.parse().ok()?;
    Some(Socket {
        inode,
        address: address(&local[..colon])?,
        port: u16::try_from(hex(&local[colon + 1..])?).ok()?,
    })
}

/// An address is printed as numbers of 32 bits in the machine's order, each made of four bytes in the network's.
fn address(digits: &[u8]) -> Option<IpAddr> {
    match digits.len() {
        8 => Some(Ipv4Addr::from(hex(digits)?.to_ne_bytes()).into()),
        32 => {
            let mut bytes = [0; 16];
            for (number, four) in digits.chunks_exact(8).zip(bytes.chunks_exact_mut(4)) {
                four.copy_from_slice(&hex(number)?.to_ne_bytes());
            }
            Some(IpAddr::from(Ipv6Addr::from(bytes)).to_canonical())
        }
        _ => None,
    }
}

fn hex(digits: &[u8]) -> Option<u32> {
    u32::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const HEADING: &str = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n";

    fn found(lines: &str) -> Vec<(String, u16, u64)> {
        let table = format!("{HEADING}{lines}");
        listening(table.as_bytes())
            .map(|socket| (socket.address.to_string(), socket.port, socket.inode))
            .collect()
    }

    fn line(local: &str, state: &str, inode: u64) -> String {
        format!(
            "   0: {local} 00000000:0000 {state} 00000000:00000000 00:00000000 00000000  1000        0 {inode} 1 0000000000000000 100 0 0 10 0\n"
        )
    }

    #[cfg(target_endian = "little")]
    #[test]
    fn addresses_of_both_families_are_read() {
        let lines = [
            line("0100007F:1F90", "0A", 7),
            line("00000000:0050", "0A", 8),
            line("00000000000000000000000001000000:0001", "0A", 9),
            line("00000000000000000000000000000000:FFFF", "0A", 10),
            line("0000000000000000FFFF00000100007F:0002", "0A", 11),
        ];
        let expected = [
            ("127.0.0.1", 8080, 7),
            ("0.0.0.0", 80, 8),
            ("::1", 1, 9),
            ("::", 65535, 10),
            ("127.0.0.1", 2, 11),
        ];
        let expected = expected.map(|(address, port, inode)| (address.to_owned(), port, inode));
        assert_eq!(found(&lines.concat()), expected);
    }

    #[test]
    fn only_what_listens_counts() {
        let lines = line("0100007F:1F90", "01", 7) + &line("0100007F:1F91", "06", 8);
        assert_eq!(found(&lines), []);
    }

    #[test]
    fn a_socket_of_this_process_is_in_its_table() {
        let own = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let table = std::fs::read("/proc/self/net/tcp").unwrap();
        let port = own.local_addr().unwrap().port();
        let socket = listening(&table).find(|socket| socket.port == port);
        assert_eq!(socket.unwrap().address.to_string(), "127.0.0.1");
    }

    proptest! {
        #[test]
        fn no_table_makes_it_panic(table in proptest::collection::vec(any::<u8>(), 0..300)) {
            listening(&table).count();
        }

        #[test]
        fn no_words_in_a_line_make_it_panic(words in proptest::collection::vec("[0-9A-F:]{0,40}", 0..12)) {
            listening(words.join(" ").as_bytes()).count();
        }
    }
}
