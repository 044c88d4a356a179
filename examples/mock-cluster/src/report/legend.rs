//! How to read the panels.

/// The legend of the lambda panel, and the hatchings that other panels use too.
pub(super) const LAMBDA: &str = "<h2>Lambda and state</h2>
<svg viewBox=\"0 0 960 24\" aria-hidden=\"true\">
<defs>
<pattern id=\"stress\" width=\"7\" height=\"7\" patternUnits=\"userSpaceOnUse\" patternTransform=\"rotate(45)\">
<path d=\"M0 0V7\" class=\"alarm\"/></pattern>
<pattern id=\"critical\" width=\"4\" height=\"4\" patternUnits=\"userSpaceOnUse\">
<path d=\"M0 0L4 4M4 0L0 4\" class=\"alarm\"/></pattern>
</defs>
<path class=\"line\" d=\"M0 12H28\"/><text x=\"34\" y=\"16\">lambda</text>
<path class=\"calm\" stroke-dasharray=\"8 4\" d=\"M100 12H128\"/><text x=\"134\" y=\"16\">healthy</text>
<path class=\"alarm\" stroke-dasharray=\"5 3\" d=\"M206 12H234\"/><text x=\"240\" y=\"16\">stress threshold</text>
<path class=\"alarm\" stroke-dasharray=\"2 3\" d=\"M352 12H380\"/><text x=\"386\" y=\"16\">critical threshold</text>
<rect x=\"506\" y=\"5\" width=\"26\" height=\"14\" fill=\"url(#stress)\"/><text x=\"538\" y=\"16\">stress</text>
<rect x=\"594\" y=\"5\" width=\"26\" height=\"14\" fill=\"url(#critical)\"/><text x=\"626\" y=\"16\">critical</text>
<path class=\"ink\" d=\"M694 18l6 -12l6 12z\"/><text x=\"712\" y=\"16\">fault</text>
</svg>
";
