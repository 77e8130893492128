//! What can be wrong with the simulator's inputs: topology, script, options.

/// Why a simulated network could not be built, or a command to it was refused.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum SimulatorError {
    /// The topology file is no topology.
    #[error("topology: {reason}")]
    Topology {
        /// What is wrong, and at which node or link.
        reason: String,
    },
    /// A line or entry of a failure script was refused.
    #[error("failure script, entry {entry}: {reason}")]
    Script {
        /// Which entry, from 1.
        entry: usize,
        /// What is allowed and what was found.
        reason: String,
    },
    /// A failure names something that the world does not have, or that cannot fail like this.
    #[error("failure of {component:?}: {reason}")]
    Failure {
        /// As it was named.
        component: String,
        /// What is allowed.
        reason: String,
    },
    /// An option is outside its range.
    #[error("option {option}: {reason}")]
    Option {
        /// Which.
        option: &'static str,
        /// What is allowed and what was found.
        reason: String,
    },
}
