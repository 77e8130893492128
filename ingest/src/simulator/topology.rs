//! Topology files: sites and the links between them.
//!
//! The format is JSON with `name`, `nodes` (`id`, `label`, optional `lat`,
//! `lon`) and `links` (`id`, `a`, `b`, node ids); links are undirected and may
//! be parallel. Other fields are ignored. Reading never touches a file.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::SimulatorError;

const SURFNET: &str = include_str!("../../data/topologies/Surfnet.json");

/// A network as a map draws it. Every link joins two known, different nodes;
/// node ids and link ids are unique.
#[derive(Clone, PartialEq, Debug, Deserialize)]
pub struct Topology {
    /// Its name, for logs.
    pub name: String,
    /// Where it comes from.
    #[serde(default)]
    pub source: String,
    /// Under which terms.
    #[serde(default)]
    pub licence: String,
    /// The sites.
    pub nodes: Vec<TopologyNode>,
    /// What joins them.
    pub links: Vec<TopologyLink>,
}

/// A site.
#[derive(Clone, PartialEq, Debug, Deserialize)]
pub struct TopologyNode {
    /// Its id in the file.
    pub id: String,
    /// Its name, such as a city; need not be unique.
    pub label: String,
    /// Degrees north (WGS 84).
    #[serde(default)]
    pub lat: Option<f64>,
    /// Degrees east (WGS 84).
    #[serde(default)]
    pub lon: Option<f64>,
}

/// A link between two sites.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
pub struct TopologyLink {
    /// Its id in the file.
    pub id: String,
    /// The id of one end.
    pub a: String,
    /// The id of the other end.
    pub b: String,
}

impl Topology {
    /// How many nodes a file may have: the largest in the Topology Zoo has 754.
    pub const MAX_NODES: usize = 10_000;

    /// Reads a topology file.
    ///
    /// # Errors
    /// Text that is not JSON of this form, no node, more than
    /// [`Topology::MAX_NODES`], an id used twice, or a link to an unknown node.
    /// Links from a node to itself are dropped.
    pub fn from_json(text: &str) -> Result<Topology, SimulatorError> {
        let refuse = |reason: String| SimulatorError::Topology { reason };
        let mut read: Topology =
            serde_json::from_str(text).map_err(|error| refuse(error.to_string()))?;
        if read.nodes.is_empty() || read.nodes.len() > Topology::MAX_NODES {
            let (found, most) = (read.nodes.len(), Topology::MAX_NODES);
            return Err(refuse(format!("must have 1 to {most} nodes, found {found}")));
        }
        let mut nodes = BTreeSet::new();
        for node in &read.nodes {
            if !nodes.insert(node.id.as_str()) {
                return Err(refuse(format!("two nodes have the id {:?}", node.id)));
            }
        }
        let mut links = BTreeSet::new();
        for link in &read.links {
            if !links.insert(link.id.as_str()) {
                return Err(refuse(format!("two links have the id {:?}", link.id)));
            }
            if let Some(end) = [&link.a, &link.b].into_iter().find(|end| !nodes.contains(&***end)) {
                return Err(refuse(format!("link {:?} ends at unknown node {end:?}", link.id)));
            }
        }
        read.links.retain(|link| link.a != link.b);
        Ok(read)
    }

    /// The Dutch research network of 2010 from the Internet Topology Zoo
    /// (CC BY 4.0, Knight et al., IEEE JSAC 2011; see `data/topologies/CREDITS.md`).
    pub fn surfnet() -> Topology {
        Topology::from_json(SURFNET).expect("the bundled topology is valid, a test reads it")
    }

    /// The links as pairs of positions in `nodes`.
    pub(super) fn edges(&self) -> Vec<(usize, usize)> {
        let places: BTreeMap<&str, usize> =
            self.nodes.iter().enumerate().map(|(place, node)| (node.id.as_str(), place)).collect();
        self.links.iter().map(|link| (places[link.a.as_str()], places[link.b.as_str()])).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn refused(json: &str, expected: &str) {
        let error = Topology::from_json(json).expect_err("must be refused");
        assert_eq!(error.to_string(), expected);
    }

    #[test]
    fn the_bundled_topology_reads() {
        let surfnet = Topology::surfnet();
        assert_eq!((surfnet.nodes.len(), surfnet.links.len()), (50, 73));
        assert!(surfnet.licence.contains("CC BY 4.0"));
    }

    #[test]
    fn errors_name_the_node_or_link() {
        refused(
            r#"{"name":"x","nodes":[],"links":[]}"#,
            "topology: must have 1 to 10000 nodes, found 0",
        );
        refused(
            r#"{"name":"x","nodes":[{"id":"1","label":"A"},{"id":"1","label":"B"}],"links":[]}"#,
            "topology: two nodes have the id \"1\"",
        );
        refused(
            r#"{"name":"x","nodes":[{"id":"1","label":"A"}],"links":[{"id":"L","a":"1","b":"9"}]}"#,
            "topology: link \"L\" ends at unknown node \"9\"",
        );
    }

    #[test]
    fn a_link_to_itself_is_dropped() {
        let json = r#"{"name":"x","nodes":[{"id":"1","label":"A"}],
            "links":[{"id":"L","a":"1","b":"1"}]}"#;
        assert!(Topology::from_json(json).unwrap().links.is_empty());
    }
}
