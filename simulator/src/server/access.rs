//! Who may speak with the simulator: programs, and pages of this machine.
//!
//! A browser lets every web page send requests to loopback. It says on whose behalf it does so: `Origin` names the page,
//! and `Host` the name under which the page reached this address (a page may give its own name the address 127.0.0.1
//! and is then of the same origin, without an `Origin` in its reads).

use std::net::IpAddr;

/// What one of the ports lets in.
#[derive(Clone, Debug)]
pub(super) struct Access {
    /// What `--host` says.
    own: String,
    takes_any_host: bool,
}

impl Access {
    /// A port that is on loopback whatever `--host` says.
    pub fn on_loopback(own: &str) -> Access {
        Access { own: own.to_owned(), takes_any_host: false }
    }

    /// A port at the address of `--host`. Beyond loopback it is reached by names that nobody here knows, and a page's
    /// WebSocket always has an `Origin`.
    pub fn at(own: &str, address: IpAddr) -> Access {
        Access { own: own.to_owned(), takes_any_host: !address.is_loopback() }
    }

    /// Why a request with these headers, come in at the address `local`, is refused; none where it is not.
    pub fn refuses<'a>(
        &self,
        headers: impl IntoIterator<Item = (&'a str, &'a str)>,
        local: Option<IpAddr>,
    ) -> Option<String> {
        headers.into_iter().find_map(|(name, value)| {
            let (name, value) = (name.trim(), value.trim());
            if name.eq_ignore_ascii_case("origin") {
                let origin = value.split_once("://").map(|(_, authority)| host_in(authority));
                let is_own = origin.is_some_and(|host| self.is_own(host, local));
                (!is_own)
                    .then(|| format!("a page of the origin {value:?} may not use the simulator"))
            } else if name.eq_ignore_ascii_case("host") && !self.takes_any_host {
                let is_own = self.is_own(host_in(value), None);
                (!is_own).then(|| {
                    format!(
                        "the simulator is not {value:?}: use 127.0.0.1, or start it with --host"
                    )
                })
            } else {
                None
            }
        })
    }

    fn is_own(&self, host: &str, local: Option<IpAddr>) -> bool {
        let address = host.parse::<IpAddr>().ok();
        host.eq_ignore_ascii_case("localhost")
            || host.eq_ignore_ascii_case(&self.own)
            || address.is_some_and(|address| address.is_loopback() || Some(address) == local)
    }
}

/// `[::1]:35780` and `localhost:35780` without what follows the host.
fn host_in(authority: &str) -> &str {
    match authority.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => authority.split(':').next().unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(access: &Access, name: &str, value: &str) -> bool {
        access.refuses([(name, value)], Some([192, 0, 2, 7].into())).is_some()
    }

    #[test]
    fn loopback_and_its_own_address_are_let_in() {
        let access = Access::on_loopback("127.0.0.1");
        for host in ["127.0.0.1:35780", "localhost", "LOCALHOST:1", "[::1]:35780", "127.8.8.8"] {
            assert!(!refused(&access, "host", host), "{host}");
            assert!(!refused(&access, "ORIGIN", &format!("http://{host}")), "{host}");
        }
        assert!(!refused(&access, "Origin", "http://192.0.2.7:3000"));
        assert!(!refused(&Access::on_loopback("till.lan"), "Host", "till.lan:35780"));
        assert_eq!(access.refuses([], None), None, "a program needs no header");
    }

    #[test]
    fn the_others_are_not() {
        let access = Access::on_loopback("127.0.0.1");
        for host in
            ["shop.example", "127.0.0.1.shop.example", "localhost.shop.example", "192.0.2.8", ""]
        {
            assert!(refused(&access, "host", host), "{host}");
            assert!(refused(&access, "origin", &format!("https://{host}")), "{host}");
        }
        assert!(refused(&access, "host", "192.0.2.7"), "rebinding goes by any name and address");
        assert!(refused(&access, "origin", "null"));
        assert!(refused(&access, "origin", "http://localhost@shop.example"));
    }

    #[test]
    fn beyond_loopback_any_name_is_a_host_and_none_an_origin() {
        let access = Access::at("0.0.0.0", [0, 0, 0, 0].into());
        assert!(!refused(&access, "host", "till.lan:35779"));
        assert!(refused(&access, "origin", "http://till.lan:35779"));
    }
}
